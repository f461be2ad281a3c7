package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
)

// Headers of JetStream, whose client has no helper for an atomic batch.
const (
	headerExpectedLast = "Nats-Expected-Last-Sequence"
	headerBatchID      = "Nats-Batch-Id"
	headerBatchSeq     = "Nats-Batch-Sequence"
	headerBatchCommit  = "Nats-Batch-Commit"
)

// errStale says that the log has grown since the transaction was planned; nothing was written.
var errStale = errors.New("the registry has changed meanwhile")

// errUncertain says that no answer came: the transaction may be there or not.
var errUncertain = errors.New("no answer from the log")

// Codes of JetStream errors for a wrong expected sequence.
const (
	codeWrongLastSequence         = 10071
	codeWrongLastSequenceConstant = 10164
)

// appendAck is the answer to the last message of a transaction.
type appendAck struct {
	Error *struct {
		Code        int    `json:"err_code"`
		Description string `json:"description"`
	} `json:"error"`
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`
	Count  int    `json:"count"` // of a batch
}

// appendParts writes a transaction at the end of the log, provided that the log ends at sequence
// last: all parts or none. One part is a plain message; several are an atomic batch, which the
// server stores when the last one commits it. It returns the sequence of the last part, or
// errStale, or errUncertain.
func appendParts(ctx context.Context, nc *nats.Conn, parts []*nats.Msg, last uint64) (uint64, error) {
	parts[0].Header.Set(headerExpectedLast, strconv.FormatUint(last, 10))
	return sendParts(ctx, nc, registryStream, parts)
}

// sendParts writes all parts to the stream or none, provided that what the first one expects holds, and returns as
// appendParts does.
func sendParts(ctx context.Context, nc *nats.Conn, stream string, parts []*nats.Msg) (uint64, error) {
	if len(parts) > 1 {
		batch := uuid.NewString()
		for i, m := range parts {
			m.Header.Set(headerBatchID, batch)
			m.Header.Set(headerBatchSeq, strconv.Itoa(i+1))
		}
		parts[len(parts)-1].Header.Set(headerBatchCommit, "1")
	}
	for _, m := range parts[:len(parts)-1] {
		// A refused part shows in the answer to the commit.
		if err := nc.PublishMsg(m); err != nil {
			return 0, fmt.Errorf("writing to the log: %w", err)
		}
	}
	answer, err := nc.RequestMsgWithContext(ctx, parts[len(parts)-1])
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return 0, errors.New("writing to the log: JetStream doesn't answer")
	case errors.Is(err, nats.ErrReconnectBufExceeded) || errors.Is(err, nats.ErrConnectionReconnecting): // not sent
		return 0, errors.New("writing to the log: NATS isn't connected")
	case err != nil:
		return 0, fmt.Errorf("%w: %w", errUncertain, err)
	}
	var ack appendAck
	if err := json.Unmarshal(answer.Data, &ack); err != nil {
		return 0, fmt.Errorf("%w: reading it: %w", errUncertain, err)
	}
	if ack.Error != nil {
		if c := ack.Error.Code; c == codeWrongLastSequence || c == codeWrongLastSequenceConstant {
			return 0, errStale
		}
		return 0, fmt.Errorf("writing to the log: %s (%d)", ack.Error.Description, ack.Error.Code)
	}
	if len(parts) > 1 && ack.Count != len(parts) {
		return 0, fmt.Errorf("%w: it stored %d parts of %d", errUncertain, ack.Count, len(parts))
	}
	if ack.Stream != stream || ack.Seq == 0 {
		return 0, fmt.Errorf("writing to the log: the stream %q answered", ack.Stream)
	}
	return ack.Seq, nil
}
