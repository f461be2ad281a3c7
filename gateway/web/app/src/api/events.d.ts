// Made by scripts/generate.mjs; edits are lost.
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Alert: {
            alert: string;
            by: string;
            channel?: components["schemas"]["Channel"];
            comment: string;
            /** Format: int64 */
            count: number;
            rule: string;
            /** @enum {string} */
            severity: "info" | "warning" | "critical";
            site?: string;
            /** @enum {string} */
            state: "open" | "acknowledged" | "closed";
            title: string;
        } & {
            [key: string]: unknown;
        };
        Audit: {
            action: string;
            address: string;
            channel?: components["schemas"]["Channel"];
            /** Format: int64 */
            count?: number;
            /** Format: double */
            duration: number;
            target: string;
            user: string;
        } & {
            [key: string]: unknown;
        };
        Channel: {
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
        } & {
            [key: string]: unknown;
        };
        Gateway: {
            detail: string;
            node: string;
            /** Format: date-time */
            since: string;
        } & {
            [key: string]: unknown;
        };
        Health: {
            channel: components["schemas"]["Channel"];
            detail: string;
            /** @enum {string} */
            previous: "online" | "degraded" | "offline" | "unknown" | "disabled";
            reason: string;
            /** Format: date-time */
            since: string;
            /** @enum {string} */
            state: "online" | "degraded" | "offline" | "unknown" | "disabled";
        } & {
            [key: string]: unknown;
        };
        Motion: {
            channel: components["schemas"]["Channel"];
            /** Format: double */
            duration: number;
            /** Format: double */
            score: number;
            /** @enum {string} */
            source: "bitstream" | "onvif" | "webhook";
            /** Format: date-time */
            started: string;
        } & {
            [key: string]: unknown;
        };
        Site: {
            channels: string[] | null;
            device?: string;
            /** Format: int64 */
            offline: number;
            /** Format: date-time */
            since: string;
            site: string;
            /** Format: int64 */
            total: number;
        } & {
            [key: string]: unknown;
        };
        Stream: {
            channel: components["schemas"]["Channel"];
            /** @enum {string} */
            profile: "main" | "sub";
            /** Format: int64 */
            readers: number;
            reason: string;
        } & {
            [key: string]: unknown;
        };
        Message_sharpeyes_alert_acknowledged: {
            data: components["schemas"]["Alert"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.alert.acknowledged";
        };
        Message_sharpeyes_alert_closed: {
            data: components["schemas"]["Alert"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.alert.closed";
        };
        Message_sharpeyes_alert_raised: {
            data: components["schemas"]["Alert"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.alert.raised";
        };
        Message_sharpeyes_audit_changed: {
            data: components["schemas"]["Audit"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.audit.changed";
        };
        Message_sharpeyes_audit_denied: {
            data: components["schemas"]["Audit"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.audit.denied";
        };
        Message_sharpeyes_audit_login: {
            data: components["schemas"]["Audit"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.audit.login";
        };
        Message_sharpeyes_audit_viewed: {
            data: components["schemas"]["Audit"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.audit.viewed";
        };
        Message_sharpeyes_gateway_isolated: {
            data: components["schemas"]["Gateway"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.gateway.isolated";
        };
        Message_sharpeyes_gateway_reconnected: {
            data: components["schemas"]["Gateway"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.gateway.reconnected";
        };
        Message_sharpeyes_health_changed: {
            data: components["schemas"]["Health"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.health.changed";
        };
        Message_sharpeyes_motion_ended: {
            data: components["schemas"]["Motion"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.motion.ended";
        };
        Message_sharpeyes_motion_started: {
            data: components["schemas"]["Motion"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.motion.started";
        };
        Message_sharpeyes_site_outage: {
            data: components["schemas"]["Site"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.site.outage";
        };
        Message_sharpeyes_site_restored: {
            data: components["schemas"]["Site"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.site.restored";
        };
        Message_sharpeyes_stream_failed: {
            data: components["schemas"]["Stream"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.stream.failed";
        };
        Message_sharpeyes_stream_started: {
            data: components["schemas"]["Stream"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.stream.started";
        };
        Message_sharpeyes_stream_stopped: {
            data: components["schemas"]["Stream"];
            /** @constant */
            datacontenttype: "application/json";
            /**
             * Format: uuid
             * @description a version 7 UUID; ids of one gateway sort by time
             */
            id: string;
            /** @description /sharpeyes/ and the gateway's node.name */
            source: string;
            /** @constant */
            specversion: "1.0";
            /** @description the channel's id, the site's path or the gateway's name */
            subject: string;
            /** Format: date-time */
            time: string;
            /** @constant */
            type: "sharpeyes.stream.stopped";
        };
        CityEvent: components["schemas"]["Message_sharpeyes_alert_acknowledged"] | components["schemas"]["Message_sharpeyes_alert_closed"] | components["schemas"]["Message_sharpeyes_alert_raised"] | components["schemas"]["Message_sharpeyes_audit_changed"] | components["schemas"]["Message_sharpeyes_audit_denied"] | components["schemas"]["Message_sharpeyes_audit_login"] | components["schemas"]["Message_sharpeyes_audit_viewed"] | components["schemas"]["Message_sharpeyes_gateway_isolated"] | components["schemas"]["Message_sharpeyes_gateway_reconnected"] | components["schemas"]["Message_sharpeyes_health_changed"] | components["schemas"]["Message_sharpeyes_motion_ended"] | components["schemas"]["Message_sharpeyes_motion_started"] | components["schemas"]["Message_sharpeyes_site_outage"] | components["schemas"]["Message_sharpeyes_site_restored"] | components["schemas"]["Message_sharpeyes_stream_failed"] | components["schemas"]["Message_sharpeyes_stream_started"] | components["schemas"]["Message_sharpeyes_stream_stopped"];
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
