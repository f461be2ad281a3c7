"""A camera made of GStreamer's RTSP server, for end-to-end tests.

Prints the port it listens on, and serves until it is killed:
  /h264 /h265       video alone, over whatever the other side likes
  /aac              H.264 with AAC
  /udp              H.264, and no TCP
  /locked           H.264 for admin with the password "gst pass:1", by digest
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

VIDEO = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1 ! "
H264 = VIDEO + "x264enc tune=zerolatency sliced-threads=false speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 config-interval=-1"
H265 = VIDEO + "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph265pay name=pay0 pt=96 config-interval=-1"
AAC = " audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=1 ! avenc_aac ! rtpmp4gpay name=pay1 pt=97"


def serve(auth, paths):
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    if auth is not None:
        server.set_auth(auth)
    for path, (launch, protocols, role) in paths.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( " + launch + " )")
        # Each connection has a stream of its own: GStreamer seeks a shared one back to its beginning
        # when another begins to play.
        factory.set_shared(False)
        if protocols is not None:
            factory.set_protocols(protocols)
        if role is not None:
            factory.add_role_from_structure(
                Gst.Structure.new_from_string(role + ", media.factory.access=true, media.factory.construct=true"))
        server.get_mount_points().add_factory(path, factory)
    server.attach(None)
    return server


def locked():
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "user")
    auth.add_digest("admin", "gst pass:1", token)
    return auth


def main():
    Gst.init(None)
    open_ = serve(None, {
        "/h264": (H264, None, None),
        "/h265": (H265, None, None),
        "/aac": (H264 + AAC, None, None),
        "/udp": (H264, GstRtsp.RTSPLowerTrans.UDP, None),
    })
    closed = serve(locked(), {"/locked": (H264, None, "user")})
    print(open_.get_bound_port(), closed.get_bound_port())
    sys.stdout.flush()
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
