// Package onvif reads what a camera itself says of motion: the notifications in the metadata track of
// its stream (ONVIF Streaming Specification, 5.1.2.1), which are those of its event service too.
package onvif
