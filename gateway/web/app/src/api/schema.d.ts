// Made by scripts/generate.mjs; edits are lost.
export interface paths {
    "/api/v1/alerts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alerts, newest first
         * @description They are kept for 90 days after the last that became of them.
         */
        get: operations["list-alerts"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/alerts/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One alert */
        get: operations["get-alert"];
        put?: never;
        /**
         * Acknowledge, close or snooze an alert: {id}:ack, {id}:close, {id}:snooze
         * @description The body is {"comment"}, and {"until"} of a snooze. Who did it, and when, is kept.
         */
        post: operations["act-on-alert"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who looked at what, who changed what, who was refused, who signed in; newest first */
        get: operations["search-audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/audit:blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The log itself, for whoever checks it
         * @description One JSON object a line: sequence, and block, the text whose SHA-256 the next block names as prev. `sharpeyes audit verify` reads it.
         */
        get: operations["audit-blocks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** List channels with their states */
        get: operations["list-channels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels.geojson": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every channel with a position, as GeoJSON
         * @description One feature each, with id, name, class, state, scenario and site, by id. Without filters states are at most a second old. Ask with Accept-Encoding: gzip, and again with If-None-Match.
         */
        get: operations["map-channels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One channel with its state */
        get: operations["get-channel"];
        /**
         * Register a channel, or replace it
         * @description What the body leaves out takes its default. Without a password the channel keeps the one it has, as long as the user name is the same.
         */
        put: operations["put-channel"];
        post?: never;
        /** Take a channel out of the registry */
        delete: operations["delete-channel"];
        options?: never;
        head?: never;
        /**
         * Change some fields of a channel
         * @description The body is a JSON merge patch (RFC 7396): null takes a field back to its default, and takes a password away.
         */
        patch: operations["patch-channel"];
        trace?: never;
    };
    "/api/v1/channels/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who changed what of a channel, and when
         * @description Values are as CSV has them. Of a password it tells only that it changed.
         */
        get: operations["channel-history"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels/{id}/states": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The states that a channel was in, and why */
        get: operations["channel-states"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels:export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All channels as a file that can be imported again
         * @description One snapshot of the registry, by id, without passwords: an import of it keeps those that are there.
         */
        get: operations["export-channels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels:import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register the channels of a file, all or none
         * @description The same file again changes nothing. A dry run tells what would be created, changed field by field and deleted. When a row can't be taken the answer is 422 with up to 100 of them, and the registry stays as it is.
         */
        post: operations["import-channels"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels:report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What GB/T 28181-2022 asks for and is missing
         * @description The position in classes 1 and 2; installation date, contact and recording days in class 1. Counts by class and site, and the channels.
         */
        get: operations["report-channels"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels:table": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every granted channel, for programs that hold the whole city
         * @description Columns, each a list with a value for each channel: ids, names, classes, sites and scenarios (places in site_names and scenario_names), states (0 online, 1 degraded, 2 offline, 3 unknown, 4 disabled), lons and lats (degrees, or null), subs (1 where there is a sub stream).
         */
        get: operations["channel-table"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/channels:versions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The last versions of the registry
         * @description Each can be exported, with version.
         */
        get: operations["list-versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Past events, newest first
         * @description For as long as they are kept (events.max_age). Pages neither skip nor repeat an event, however many come meanwhile.
         */
        get: operations["list-events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/keys:rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Seal the cameras' passwords with a new key
         * @description The gateway makes the key, and goes on while the passwords are sealed anew.
         */
        post: operations["rotate-key"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/maintenance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Windows of maintenance, past and future */
        get: operations["list-maintenance"];
        put?: never;
        /**
         * Say that a site or a channel is worked on for a time
         * @description A site's window is one of all that lies in it. What fails meanwhile is expected to.
         */
        post: operations["add-maintenance"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/maintenance/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take a window away */
        delete: operations["delete-maintenance"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/motion:report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say that something moves
         * @description For detectors of one's own. What they say and what the gateway sees itself is one motion at a time a channel.
         */
        post: operations["report-motion"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/page": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the command centre's page must know */
        get: operations["page-settings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All rules for alerts */
        get: operations["list-rules"];
        /**
         * Make the rules those of a list
         * @description All are checked before any is taken. Rules that aren't in the list are deleted.
         */
        put: operations["put-rules"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One rule */
        get: operations["get-rule"];
        /** Make or replace a rule */
        put: operations["put-rule"];
        post?: never;
        /** Delete a rule; its alerts stay */
        delete: operations["delete-rule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/rules:test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Run a rule over the past
         * @description Tells which alerts it would have raised of the events that are still stored. Nothing is raised, and the rule isn't kept.
         */
        post: operations["test-rule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who asks, and what they may do */
        get: operations["who-am-i"];
        put?: never;
        /**
         * Sign in with a name and a password, for a page
         * @description The answer sets a cookie that scripts can't read and other sites' pages don't send. It lets in for 12 hours, until the password changes.
         */
        post: operations["sign-in"];
        /** Sign out */
        delete: operations["sign-out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The tree of sites with counts
         * @description Each site counts the channels in it and in all that lies in it. The filters say which channels are counted; site also says which sites are listed.
         */
        get: operations["list-sites"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sites/{path}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Describe a site
         * @description The path's slashes are written as they are.
         */
        put: operations["put-site"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Count channels by state
         * @description The online rate is (online + degraded) / (total - disabled), 0 to 1.
         */
        get: operations["get-stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stats/rates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Online rate and intact rate of a period
         * @description From recorded changes. The online rate is (online + degraded) / (online + degraded + offline), the intact rate online / (online + degraded + offline). Maintenance, and time when a channel was disabled or not registered, is excluded; time of which nothing is known counts for neither and is told as unknown. Channels belong to the groups that they belong to now.
         */
        get: operations["get-rates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/stats/rates/channels": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The channels behind a rate, those first that were offline the longest */
        get: operations["get-channel-rates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is pulled now */
        get: operations["list-streams"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The pull of one channel
         * @description 404 when the channel isn't pulled now.
         */
        get: operations["get-stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/streams:prewarm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Open streams that will soon be watched
         * @description For the next pictures of a wall. It doesn't wait for the cameras. Whoever may watch may ask.
         */
        post: operations["prewarm-streams"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All users */
        get: operations["list-users"];
        put?: never;
        /** Add a user */
        post: operations["add-user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One user */
        get: operations["get-user"];
        /**
         * Change a user's role, grants and end
         * @description It is in force within a second, also for streams and WebSockets that are open.
         */
        put: operations["set-user"];
        post?: never;
        /** Delete a user */
        delete: operations["delete-user"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{name}/nats-permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What the user may do on NATS, as the configuration of a NATS server writes it
         * @description publish and subscribe, each with allow and deny. Without either the user may all. The server inside the gateway holds to it by itself; one outside must be told.
         */
        get: operations["nats-permissions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{name}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Change a password: one's own, or as an administrator anybody's */
        put: operations["set-password"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{name}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a token, which is shown this once */
        post: operations["add-token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/users/{name}/tokens/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take a token away */
        delete: operations["delete-token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/ws/live/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A stream for a browser, over a WebSocket
         * @description First a text message {"mime":"video/mp4; codecs=\"…\""}, then binary messages: an initialisation segment of fragmented MP4, and fragments, each beginning a new access unit, the first a keyframe. When the camera changes its picture, another text message and initialisation segment come in between. Without an upgrade the answer is the problem that stands in the way, or 426.
         */
        get: operations["watch-stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Alert: {
            /** @description the first one that it is about */
            channel?: components["schemas"]["EventChannel"];
            /** @description the first 100 that it is about */
            channels?: string[] | null;
            /**
             * Format: int64
             * @description events that are folded into it
             */
            count: number;
            detail?: string;
            /**
             * Format: date-time
             * @description time of its first event
             */
            first: string;
            id: string;
            /** Format: date-time */
            last: string;
            place: string;
            /** Format: date-time */
            raised: string;
            reason?: string;
            recorder?: string;
            rule: string;
            /** Format: int64 */
            sequence: number;
            severity: string;
            site?: string;
            /**
             * Format: date-time
             * @description until then it is quiet
             */
            snoozed_until?: string;
            /**
             * @description open, acknowledged or closed
             * @enum {string}
             */
            state: "open" | "acknowledged" | "closed";
            /** @description who did what with it, and when; the last 50 */
            steps: components["schemas"]["Step"][] | null;
            subjects?: string[] | null;
            title: string;
            /** Format: int64 */
            told: number;
        };
        AlertsOutputBody: {
            /** @description newest first */
            items: components["schemas"]["Alert"][] | null;
            /** @description cursor of the next page; empty after the last */
            next: string;
            /**
             * Format: int64
             * @description of all pages
             */
            total: number;
        };
        Change: {
            action: string;
            /** Format: date-time */
            at: string;
            by: string;
            fields: components["schemas"]["FieldChange"][] | null;
            kind: string;
            /** Format: int64 */
            version: number;
        };
        Changes: {
            created: string[] | null;
            deleted: string[] | null;
            updated: components["schemas"]["ChannelChange"][] | null;
        };
        Channel: {
            /**
             * Format: int32
             * @enum {integer}
             */
            class: 1 | 2 | 3 | 9;
            contact?: string;
            device?: string;
            enabled?: boolean;
            /** Format: double */
            heading?: number;
            id: string;
            install_time?: string;
            /** Format: double */
            lat?: number;
            /** Format: double */
            lon?: number;
            motion?: string;
            name: string;
            password?: string;
            /** Format: int64 */
            record_days?: number;
            scenario: string;
            site: string;
            sub_url?: string;
            tags?: string[] | null;
            transport?: string;
            url: string;
            username?: string;
        };
        ChannelChange: {
            fields: components["schemas"]["FieldChange"][] | null;
            id: string;
        };
        ChannelRate: {
            /** Format: int64 */
            channels: number;
            /**
             * Format: int32
             * @enum {integer}
             */
            class: 1 | 2 | 3 | 9;
            /** Format: double */
            degraded: number;
            /** Format: double */
            excluded: number;
            id: string;
            /** Format: double */
            intact_rate?: number;
            met?: boolean;
            name: string;
            /** Format: double */
            offline: number;
            /** Format: double */
            online: number;
            /** Format: double */
            online_rate?: number;
            scenario: string;
            site: string;
            /** Format: double */
            target?: number;
            /** Format: double */
            unknown: number;
            /** Format: double */
            unknown_share: number;
        };
        ChannelRates: {
            /** Format: date-time */
            from: string;
            items: components["schemas"]["ChannelRate"][] | null;
            next: string;
            /** Format: int64 */
            total: number;
            /** Format: date-time */
            until: string;
        };
        ClassGaps: {
            /** Format: int64 */
            channels: number;
            /**
             * Format: int32
             * @enum {integer}
             */
            class: 1 | 2 | 3 | 9;
            /** Format: int64 */
            contact: number;
            /** Format: int64 */
            incomplete: number;
            /** Format: int64 */
            install_time: number;
            /** Format: int64 */
            position: number;
            /** Format: int64 */
            record_days: number;
        };
        Counts: {
            /** Format: int64 */
            created: number;
            /** Format: int64 */
            deleted: number;
            /** Format: int64 */
            unchanged: number;
            /** Format: int64 */
            updated: number;
        };
        EventChannel: {
            /**
             * Format: int64
             * @enum {integer}
             */
            class: 1 | 2 | 3 | 9;
            id: string;
            /** Format: double */
            lat?: number;
            /** Format: double */
            lon?: number;
            name: string;
            scenario: string;
            site: string;
        };
        FieldChange: {
            field: string;
            new: string;
            old: string;
        };
        Gaps: {
            /** Format: int64 */
            channels: number;
            /** Format: int64 */
            contact: number;
            /** Format: int64 */
            incomplete: number;
            /** Format: int64 */
            install_time: number;
            /** Format: int64 */
            position: number;
            /** Format: int64 */
            record_days: number;
        };
        Group: {
            /**
             * Format: int32
             * @enum {integer}
             */
            class?: 1 | 2 | 3 | 9;
            /** Format: int64 */
            degraded: number;
            /** Format: int64 */
            disabled: number;
            /** Format: int64 */
            maintenance?: number;
            /** Format: int64 */
            offline: number;
            /** Format: int64 */
            online: number;
            /** Format: double */
            online_rate: number;
            scenario?: string;
            site?: string;
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            unknown: number;
        };
        HistoryOutputBody: {
            /** @description newest first */
            items: components["schemas"]["Change"][] | null;
        };
        Imported: {
            /** @description what would become of which channel, at most 1000 of each kind; the counts are of all */
            changes?: components["schemas"]["Changes"];
            /** Format: int64 */
            created: number;
            /** Format: int64 */
            deleted: number;
            /** Format: int64 */
            unchanged: number;
            /** Format: int64 */
            updated: number;
            /** @description what is missing, or looks wrong, and may be; at most 100 */
            warnings?: components["schemas"]["Warning"][] | null;
        };
        IncompleteChannel: {
            /**
             * Format: int32
             * @enum {integer}
             */
            class: 1 | 2 | 3 | 9;
            id: string;
            /** @description position, install_time, contact, record_days */
            missing: string[] | null;
            name: string;
            site: string;
        };
        List: {
            items: components["schemas"]["View"][] | null;
            /** @description cursor of the next page; empty after the last */
            next: string;
            /**
             * Format: int64
             * @description of all pages
             */
            total: number;
        };
        Maintenance: {
            by?: string;
            channel?: string;
            /** Format: date-time */
            from: string;
            id: string;
            site?: string;
            /** Format: date-time */
            until: string;
            why: string;
        };
        NewWindow: {
            /** @description or the id of a channel */
            channel?: string;
            /**
             * Format: date-time
             * @description left out: now
             */
            from?: string;
            /** @description path; either this */
            site?: string;
            /**
             * Format: date-time
             * @description at most 366 days after from
             */
            until: string;
            /** @description what is done there */
            why: string;
        };
        PageSettings: {
            attribution: string;
            /** @description longitude and latitude in degrees, WGS-84 */
            center: number[] | null;
            node: string;
            /** @description the base map is in GCJ-02, and channels are drawn so */
            shifted: boolean;
            /** @description the online rate that is asked for, by class */
            targets: {
                [key: string]: number;
            };
            /** @description the base map: a template of URLs with {z}, {x} and {y}, or /map.pmtiles; empty: none */
            tiles: string;
            version: string;
            /** @description the city's time zone, like Asia/Shanghai */
            zone: string;
            /** Format: double */
            zoom: number;
        };
        PastEvents: {
            /** @description CloudEvents, newest first */
            items: unknown[] | null;
            /** @description cursor of the next page; empty after the last */
            next: string;
        };
        PrewarmOutputBody: {
            /** @description in the order of the request */
            items: components["schemas"]["Prewarmed"][] | null;
        };
        Prewarmed: {
            id: string;
            /** @description it is open, or being opened */
            ok: boolean;
            /** @description why it isn't */
            problem?: components["schemas"]["Problem"];
            /** @enum {string} */
            profile: "main" | "sub";
        };
        Prewarming: {
            /**
             * @description how long they stay open without a reader, at most 10m; left out: 30s
             * @example 30s
             */
            for?: string;
            /** @description channels, at most 256 */
            ids: string[] | null;
            /**
             * @description left out: main
             * @enum {string}
             */
            profile?: "main" | "sub";
        };
        Problem: {
            /** @description what was changed meanwhile, newest first, at most 10 */
            changes?: components["schemas"]["Change"][] | null;
            /** @description what went wrong this time, and how to mend it */
            detail: string;
            /** @description the values that can't be taken, at most 100 */
            errors?: components["schemas"]["ProblemItem"][] | null;
            /** @description why a camera can't be watched: connect_refused, unauthorized, session_full, no_answer and so on, as in events */
            reason?: string;
            /**
             * Format: int64
             * @description the HTTP status
             */
            status: number;
            /** @description the status in words */
            title: string;
            /**
             * @description always about:blank: the status says it all
             * @example about:blank
             */
            type: string;
            /** @description the change that came between */
            version?: components["schemas"]["Version"];
        };
        ProblemItem: {
            /** @description column of the file, field of the body or parameter of the query */
            column: string;
            /** @description how to mend it */
            message: string;
            /**
             * Format: int64
             * @description line of the imported file, the first being 1
             */
            row?: number;
            /** @description shortened; empty where it might hold a credential */
            value: string;
        };
        Rate: {
            /** Format: int64 */
            channels: number;
            /** Format: double */
            degraded: number;
            /** Format: double */
            excluded: number;
            /** Format: double */
            intact_rate?: number;
            met?: boolean;
            /** Format: double */
            offline: number;
            /** Format: double */
            online: number;
            /** Format: double */
            online_rate?: number;
            /** Format: double */
            target?: number;
            /** Format: double */
            unknown: number;
            /** Format: double */
            unknown_share: number;
        };
        RateGroup: {
            /** Format: int64 */
            channels: number;
            /**
             * Format: int32
             * @enum {integer}
             */
            class?: 1 | 2 | 3 | 9;
            /** Format: double */
            degraded: number;
            /** Format: double */
            excluded: number;
            /** Format: double */
            intact_rate?: number;
            met?: boolean;
            /** Format: double */
            offline: number;
            /** Format: double */
            online: number;
            /** Format: double */
            online_rate?: number;
            scenario?: string;
            site?: string;
            /** Format: double */
            target?: number;
            /** Format: double */
            unknown: number;
            /** Format: double */
            unknown_share: number;
        };
        Rates: {
            by: string[] | null;
            /** Format: date-time */
            from: string;
            groups: components["schemas"]["RateGroup"][] | null;
            total: components["schemas"]["Rate"];
            /** Format: date-time */
            until: string;
        };
        Report: {
            all: components["schemas"]["Gaps"];
            classes: components["schemas"]["ClassGaps"][] | null;
            /** @description by id */
            items: components["schemas"]["IncompleteChannel"][] | null;
            /** @description cursor of the next page; empty after the last */
            next: string;
            sites: components["schemas"]["SiteGaps"][] | null;
            /**
             * Format: int64
             * @description items of all pages
             */
            total: number;
        };
        Rotation: {
            /** @description id of the key that seals from now on; it says nothing of the key */
            key: string;
            /**
             * Format: int64
             * @description passwords that were sealed anew
             */
            resealed: number;
            /**
             * Format: int64
             * @description of the registry
             */
            version: number;
        };
        Rule: {
            classes?: number[] | null;
            /**
             * Format: int64
             * @description how many events it takes within the time of within; 1
             */
            count?: number;
            /** @description when it holds; always, if there is none */
            during?: components["schemas"]["Window"][] | null;
            enabled: boolean;
            /** @description channel, site, recorder or rule: what has one open alert at a time; channel */
            fold_by?: string;
            /** @description how long it must last, like 5m: what ends sooner raises nothing */
            for?: string;
            /** @description dates, like 2026-10-01, that count as the day holiday and as no other */
            holidays?: string[] | null;
            /** @description 1 to 64 of a-z, 0-9, - and _ */
            name: string;
            scenarios?: string[] | null;
            /** @description info, warning or critical */
            severity: string;
            /** @description and all that lies in it */
            site?: string;
            /** @description rules that raise nothing in the same place while an alert of this one is open */
            suppresses?: string[] | null;
            /** @description of the channel; one of them is enough */
            tags?: string[] | null;
            /** @description webhooks; NATS is always told */
            tell?: components["schemas"]["Webhook"][] | null;
            /** @description what an alert is called; {channel}, {site}, {reason} and {rate} stand for what the event says */
            title: string;
            /** @description of events, like sharpeyes.motion.started; sharpeyes.rate.below is one of rates under their targets */
            types: string[] | null;
            /** @description an expression over the event, like state == 'offline' && reason != 'session_full' */
            when?: string;
            within?: string;
        };
        RulesOutputBody: {
            /** @description by name; secrets of webhooks are never shown */
            items: components["schemas"]["Rule"][] | null;
        };
        Session: {
            anonymous?: boolean;
            /** @description by action: where it may be done; an empty text is the whole city */
            grants: {
                [key: string]: string[] | null;
            };
            name: string;
        };
        Site: {
            /** Format: double */
            lat?: number;
            /** Format: double */
            lon?: number;
            name: string;
            path?: string;
        };
        SiteGaps: {
            /** Format: int64 */
            channels: number;
            /** Format: int64 */
            contact: number;
            /** Format: int64 */
            incomplete: number;
            /** Format: int64 */
            install_time: number;
            name: string;
            path: string;
            /** Format: int64 */
            position: number;
            /** Format: int64 */
            record_days: number;
        };
        SiteList: {
            /** @description by path, each place followed by what lies in it */
            items: components["schemas"]["SiteTally"][] | null;
        };
        SiteTally: {
            /** Format: int64 */
            degraded: number;
            /** Format: int64 */
            disabled: number;
            /** Format: double */
            lat?: number;
            /** Format: double */
            lon?: number;
            /** Format: int64 */
            maintenance?: number;
            name: string;
            /** Format: int64 */
            offline: number;
            /** Format: int64 */
            online: number;
            /** Format: double */
            online_rate: number;
            path: string;
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            unknown: number;
        };
        StateSpan: {
            /** Format: date-time */
            from: string;
            maintenance?: boolean;
            reason?: string;
            /** @enum {string} */
            state: "online" | "degraded" | "offline" | "unknown" | "disabled";
            /** Format: date-time */
            until: string;
        };
        StatesOutputBody: {
            /** @description newest first */
            items: components["schemas"]["StateSpan"][] | null;
            /** @description until of the next page; empty after the last */
            next: string;
        };
        Stats: {
            by: string[] | null;
            groups: components["schemas"]["Group"][] | null;
            total: components["schemas"]["Tally"];
        };
        Status: {
            detail?: string;
            event?: string;
            outage?: string;
            reason?: string;
            /** Format: date-time */
            since?: string;
            /** @enum {string} */
            state: "online" | "degraded" | "offline" | "unknown" | "disabled";
            told?: string;
        };
        Step: {
            /** @description raised, acknowledged, snoozed, raised again, closed */
            action: string;
            /** Format: date-time */
            at: string;
            /** @description a user, or system */
            by: string;
            comment?: string;
        };
        Stream: {
            /**
             * Format: double
             * @description bit/s, over the last seconds
             */
            bitrate: number;
            /**
             * Format: int64
             * @description received
             */
            bytes: number;
            /** @description of the first track */
            codec: string;
            /** @description of each track */
            codecs: string[] | null;
            /** @description the recorder or encoder; its channels share a budget of sessions */
            device: string;
            /** @description the last one of this pull */
            failure?: components["schemas"]["StreamFailure"];
            /**
             * Format: double
             * @description pictures a second, over the last seconds
             */
            fps: number;
            /** @description the channel's */
            id: string;
            /**
             * Format: double
             * @description part of the packets that didn't arrive, 0 to 1
             */
            loss: number;
            /**
             * Format: int64
             * @description packets that didn't arrive
             */
            lost: number;
            /** @description the channel's */
            name?: string;
            /**
             * Format: int64
             * @description received
             */
            packets: number;
            /** @enum {string} */
            phase: "dialling" | "flowing" | "reconnecting" | "lingering";
            /** @description false while the camera is being dialled */
            playing: boolean;
            /** @enum {string} */
            profile: "main" | "sub";
            /** Format: int64 */
            readers: number;
            /** @description who reads, the gateway's own motion detector included */
            reading: components["schemas"]["StreamReader"][] | null;
            /**
             * Format: int64
             * @description connections to the camera after the first
             */
            reconnects: number;
            /** @description where the gateway serves it */
            rtsp_url: string;
            /** Format: date-time */
            since: string;
        };
        StreamFailure: {
            /** Format: date-time */
            at: string;
            detail: string;
            reason: string;
        };
        StreamReader: {
            /**
             * Format: int64
             * @description handed over
             */
            bytes: number;
            /**
             * Format: double
             * @description seconds from joining to the first packet; 0 before
             */
            join: number;
            /** @description rtsp or browser */
            kind: string;
            /**
             * Format: int64
             * @description bytes that wait for it
             */
            queued: number;
            /** @description address and port; for administrators */
            remote?: string;
            /** Format: date-time */
            since: string;
            /**
             * Format: int64
             * @description units lost because the reader could not keep up
             */
            skipped: number;
            /**
             * Format: int64
             * @description access units of video, and packets of all else, handed over
             */
            units: number;
            /** @description for administrators */
            user?: string;
        };
        StreamsOutputBody: {
            /** @description by id */
            items: components["schemas"]["Stream"][] | null;
        };
        Tally: {
            /** Format: int64 */
            degraded: number;
            /** Format: int64 */
            disabled: number;
            /** Format: int64 */
            maintenance?: number;
            /** Format: int64 */
            offline: number;
            /** Format: int64 */
            online: number;
            /** Format: double */
            online_rate: number;
            /** Format: int64 */
            total: number;
            /** Format: int64 */
            unknown: number;
        };
        Token: {
            /** Format: date-time */
            created: string;
            id: string;
            name: string;
            /** @description the token itself, which can't be had again */
            token?: string;
            /** Format: date-time */
            until?: string;
        };
        Trial: {
            /** @description that it would have raised, the first 100 */
            alerts: components["schemas"]["Alert"][] | null;
            /**
             * Format: int64
             * @description that were looked at
             */
            events: number;
            /** @description there were more events than are looked at; the time ends before until */
            more: boolean;
            /**
             * Format: int64
             * @description how many
             */
            raised: number;
        };
        User: {
            /** Format: date-time */
            readonly created?: string;
            /** @description like list,view,events:class=1,2;scenario=campus;site=xiamen/siming;tag=gate; they say in place of the role what may be done where */
            grants: string[] | null;
            name: string;
            /** @description only with POST; left out, the user needs a token */
            password?: string;
            /** @description admin, operator, viewer or app */
            role: string;
            readonly tokens?: components["schemas"]["Token"][] | null;
            /**
             * Format: date-time
             * @description when the user, and all grants with it, ends
             */
            until?: string;
        };
        UsersOutputBody: {
            /** @description by name */
            items: components["schemas"]["User"][] | null;
        };
        Version: {
            action: string;
            /** Format: date-time */
            at: string;
            by: string;
            counts?: components["schemas"]["Counts"];
            /** Format: int64 */
            version: number;
        };
        VersionsOutputBody: {
            /** @description newest first */
            items: components["schemas"]["Version"][] | null;
        };
        View: {
            /**
             * Format: int32
             * @enum {integer}
             */
            class: 1 | 2 | 3 | 9;
            contact?: string;
            device?: string;
            enabled: boolean;
            /** Format: double */
            heading?: number;
            id: string;
            install_time?: string;
            /** Format: double */
            lat?: number;
            /** Format: double */
            lon?: number;
            /** @description the window that is open now, of the channel or of a site it lies in */
            readonly maintenance?: components["schemas"]["Maintenance"];
            motion: string;
            name: string;
            password?: string;
            /** Format: int64 */
            record_days?: number;
            /** @description where it serves the sub stream */
            readonly rtsp_sub_url?: string;
            /** @description where the gateway serves the main stream */
            readonly rtsp_url: string;
            scenario: string;
            site: string;
            status: components["schemas"]["Status"];
            sub_url?: string;
            tags?: string[] | null;
            transport: string;
            url: string;
            username?: string;
        };
        Warning: {
            column: string;
            /** Format: int64 */
            count: number;
            message: string;
            /** Format: int64 */
            row: number;
            value?: string;
        };
        Webhook: {
            /** @description for the store alone */
            sealed?: string;
            /** @description signs what is sent (HMAC-SHA256 over the time, a dot and the body); it is never shown. Left out, it stays as it is. */
            secret?: string;
            /** @description http:// or https:// */
            url: string;
        };
        Window: {
            /** @description mon, tue, wed, thu, fri, sat, sun, holiday; every day, if there is none */
            days?: string[] | null;
            /** @description like 22:00 */
            from: string;
            /** @description like 06:00; 24:00 is the end of the day */
            to: string;
        };
        WindowsOutputBody: {
            /** @description by id, which is in the order in which they were made */
            items: components["schemas"]["Maintenance"][] | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "list-alerts": {
        parameters: {
            query?: {
                /** @description open, acknowledged or closed; several joined by commas */
                state?: string;
                /** @description info, warning or critical; several joined by commas */
                severity?: string;
                /** @description names of rules, joined by commas */
                rule?: string;
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description id of a channel */
                channel?: string;
                /** @description RFC 3339: raised then or later */
                since?: string;
                /** @description RFC 3339: raised before then */
                until?: string;
                /** @description 1 to 1000, default 100 */
                limit?: string;
                /** @description next of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AlertsOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-alert": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the alert's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alert"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "act-on-alert": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the alert's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alert"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "search-audit": {
        parameters: {
            query?: {
                /** @description viewed, changed, denied or login; several joined by commas */
                type?: string;
                /** @description who did it */
                user?: string;
                /** @description from where, without the port */
                address?: string;
                /** @description to what: a channel's id, or the path of a request */
                target?: string;
                /** @description RFC 3339 */
                since?: string;
                /** @description RFC 3339 */
                until?: string;
                /** @description 1 to 1000, default 100; a page may have a few more */
                limit?: string;
                /** @description next of the page before */
                cursor?: string;
                /** @description json (the default), or csv: all in one file */
                format?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Records, as events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PastEvents"];
                    "text/csv": string;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audit-blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All blocks, oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-channels": {
        parameters: {
            query?: {
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description online, degraded, offline, unknown, disabled; several joined by commas */
                state?: string;
                /** @description has any of these; several joined by commas */
                tag?: string;
                /** @description text in id or name, in either case */
                q?: string;
                /** @description minlon,minlat,maxlon,maxlat in degrees, WGS-84 */
                bbox?: string;
                /** @description id (the default), name or site; - before it for descending */
                sort?: string;
                /** @description 1 to 1000, default 100 */
                limit?: string;
                /** @description next of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["List"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "map-channels": {
        parameters: {
            query?: {
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description online, degraded, offline, unknown, disabled; several joined by commas */
                state?: string;
                /** @description has any of these; several joined by commas */
                tag?: string;
                /** @description text in id or name, in either case */
                q?: string;
                /** @description minlon,minlat,maxlon,maxlat in degrees, WGS-84 */
                bbox?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a FeatureCollection of points */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/geo+json": Record<string, never>;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-channel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the channel's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "put-channel": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag that the channel must still have, or * for any */
                "If-Match"?: string;
                /** @description * when the channel must not be there yet */
                "If-None-Match"?: string;
            };
            path: {
                /** @description the channel's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Channel"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description Created */
            201: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-channel": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag that the channel must still have, or * for any */
                "If-Match"?: string;
                /** @description * when the channel must not be there yet */
                "If-None-Match"?: string;
            };
            path: {
                /** @description the channel's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "patch-channel": {
        parameters: {
            query?: never;
            header?: {
                /** @description ETag that the channel must still have, or * for any */
                "If-Match"?: string;
                /** @description * when the channel must not be there yet */
                "If-None-Match"?: string;
            };
            path: {
                /** @description the channel's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
                "application/merge-patch+json": Record<string, never>;
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["View"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "channel-history": {
        parameters: {
            query?: {
                /** @description 1 to 1000, default 50 */
                limit?: string;
            };
            header?: never;
            path: {
                /** @description the channel's id; it may be deleted by now */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HistoryOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "channel-states": {
        parameters: {
            query?: {
                /** @description RFC 3339, within the last 90 days; left out: a day before until */
                from?: string;
                /** @description RFC 3339, not included; left out: now */
                until?: string;
                /** @description 1 to 1000, default 100 */
                limit?: string;
            };
            header?: never;
            path: {
                /** @description the channel's id; it may be deleted by now */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatesOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "export-channels": {
        parameters: {
            query?: {
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description online, degraded, offline, unknown, disabled; several joined by commas */
                state?: string;
                /** @description has any of these; several joined by commas */
                tag?: string;
                /** @description text in id or name, in either case */
                q?: string;
                /** @description minlon,minlat,maxlon,maxlat in degrees, WGS-84 */
                bbox?: string;
                /** @description csv (the default) or ndjson */
                format?: string;
                /** @description the registry as it was then; left out: as it is. States are always those of now. */
                version?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "import-channels": {
        parameters: {
            query?: {
                /** @description csv or ndjson; left out: what Content-Type says, or else csv */
                format?: string;
                /** @description true: say what would be done, and do nothing */
                dry_run?: string;
                /** @description true: delete the channels that aren't in the file */
                prune?: string;
                /** @description utf-8 (the default) or gb18030 */
                encoding?: string;
                /** @description wgs84 (the default) or gcj02, which is converted */
                coordinates?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/x-ndjson": string;
                "text/csv": string;
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Imported"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "report-channels": {
        parameters: {
            query?: {
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description online, degraded, offline, unknown, disabled; several joined by commas */
                state?: string;
                /** @description has any of these; several joined by commas */
                tag?: string;
                /** @description text in id or name, in either case */
                q?: string;
                /** @description minlon,minlat,maxlon,maxlat in degrees, WGS-84 */
                bbox?: string;
                /** @description list only channels without any of these: position, install_time, contact, record_days; several joined by commas */
                missing?: string;
                /** @description 1 to 1000, default 100 */
                limit?: string;
                /** @description next of the page before; the counts come with the first page only */
                cursor?: string;
                /** @description json (the default), or csv: all channels in one file, without counts */
                format?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the report */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Report"];
                    "text/csv": string;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "channel-table": {
        parameters: {
            query?: {
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description online, degraded, offline, unknown, disabled; several joined by commas */
                state?: string;
                /** @description has any of these; several joined by commas */
                tag?: string;
                /** @description text in id or name, in either case */
                q?: string;
                /** @description minlon,minlat,maxlon,maxlat in degrees, WGS-84 */
                bbox?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The table */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-versions": {
        parameters: {
            query?: {
                /** @description 1 to 1000, default 50 */
                limit?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionsOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-events": {
        parameters: {
            query?: {
                /** @description health, motion, site, alert, stream, audit or gateway; several joined by commas */
                kind?: string;
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description id of a channel */
                channel?: string;
                /** @description RFC 3339: stored then or later */
                since?: string;
                /** @description RFC 3339: stored before then */
                until?: string;
                /** @description 1 to 1000, default 100 */
                limit?: string;
                /** @description next of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PastEvents"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "rotate-key": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rotation"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-maintenance": {
        parameters: {
            query?: {
                /** @description windows of this site, of what lies in it, and of what it lies in */
                site?: string;
                /** @description windows that cover this channel, its sites' included */
                channel?: string;
                /** @description true: only those that are open now */
                open?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WindowsOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "add-maintenance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWindow"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Maintenance"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-maintenance": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the window's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "report-motion": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "page-settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PageSettings"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "put-rules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RulesOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-rule": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the rule's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rule"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "put-rule": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the rule's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rule"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-rule": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the rule's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "test-rule": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Trial"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "who-am-i": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sign-in": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sign-out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    "Set-Cookie"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-sites": {
        parameters: {
            query?: {
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description online, degraded, offline, unknown, disabled; several joined by commas */
                state?: string;
                /** @description has any of these; several joined by commas */
                tag?: string;
                /** @description text in id or name, in either case */
                q?: string;
                /** @description minlon,minlat,maxlon,maxlat in degrees, WGS-84 */
                bbox?: string;
                /** @description only sites of at most so many tokens, 1 to 6 */
                depth?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SiteList"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "put-site": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description 1 to 6 tokens joined by / */
                path: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Site"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Site"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-stats": {
        parameters: {
            query?: {
                /** @description 1, 2, 3 or 9; several joined by commas */
                class?: string;
                /** @description several joined by commas */
                scenario?: string;
                /** @description a site and all that lies in it */
                site?: string;
                /** @description online, degraded, offline, unknown, disabled; several joined by commas */
                state?: string;
                /** @description has any of these; several joined by commas */
                tag?: string;
                /** @description text in id or name, in either case */
                q?: string;
                /** @description minlon,minlat,maxlon,maxlat in degrees, WGS-84 */
                bbox?: string;
                /** @description class, site, scenario; several joined by commas; empty for the total alone */
                by?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stats"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-rates": {
        parameters: {
            query?: {
                /** @description RFC 3339, within the last 90 days; left out: a day before until */
                from?: string;
                /** @description RFC 3339, not included; left out: now */
                until?: string;
                /** @description class, site, scenario; several joined by commas; empty for the total alone */
                by?: string;
                /** @description json (the default) or csv */
                format?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the rates */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rates"];
                    "text/csv": string;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-channel-rates": {
        parameters: {
            query?: {
                /** @description RFC 3339, within the last 90 days; left out: a day before until */
                from?: string;
                /** @description RFC 3339, not included; left out: now */
                until?: string;
                /** @description 1 to 1000, default 100 */
                limit?: string;
                /** @description next of the page before; the period stays the same */
                cursor?: string;
                /** @description json (the default), or csv: all channels in one file */
                format?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the channels */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChannelRates"];
                    "text/csv": string;
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-streams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StreamsOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-stream": {
        parameters: {
            query?: {
                /** @description main or sub; left out: main, or else sub */
                profile?: string;
            };
            header?: never;
            path: {
                /** @description the channel's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stream"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "prewarm-streams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Prewarming"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrewarmOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "list-users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsersOutputBody"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "add-user": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "get-user": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the user's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "set-user": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the user's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["User"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-user": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the user's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nats-permissions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the user's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: {
                            [key: string]: string[] | null;
                        };
                    };
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "set-password": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the user's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "add-token": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the user's name */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Created */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "delete-token": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the user's name */
                name: string;
                /** @description the token's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description No Content */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "watch-stream": {
        parameters: {
            query?: {
                /** @description left out: main */
                profile?: "main" | "sub";
            };
            header?: never;
            path: {
                /** @description the channel's id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Switching Protocols */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such channel, or no such stream of it */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No track can be played by a browser */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The stream is there; open it as a WebSocket */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The camera can't be reached or authenticated, or a quota is used up; reason and detail tell */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Problem */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
