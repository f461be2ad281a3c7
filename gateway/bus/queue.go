package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	webhookStream  = "SHARPEYES_WEBHOOKS"
	webhookSubject = "sharpeyes.webhook"
	webhookWorkers = "webhooks"
	mostJobs       = 100_000        // that wait; the oldest go
	jobAge         = 24 * time.Hour // after which nobody wants to know any more
	jobTime        = time.Minute    // within which one must be done, or is given to another gateway
	firstAgain     = 5 * time.Second
	lastAgain      = 30 * time.Minute
)

// Queue is jobs that are kept until they are done: by one gateway, and after a failure again, at ever
// longer distances, for a day.
type Queue struct {
	b        *Bus
	consumer jetstream.Consumer
}

// Webhooks opens the queue of what webhooks are to be told.
func (b *Bus) Webhooks(ctx context.Context) (*Queue, error) {
	s, err := openStream(ctx, b.js, b.log, jetstream.StreamConfig{
		Name: webhookStream, Description: "What webhooks are to be told", Subjects: []string{webhookSubject},
		Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: b.replicas(ctx),
		MaxMsgs: mostJobs, MaxAge: jobAge, Discard: jetstream.DiscardOld, Duplicates: duplicateWindow,
	})
	if err != nil {
		return nil, err
	}
	c, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: webhookWorkers, AckPolicy: jetstream.AckExplicitPolicy, AckWait: jobTime, MaxAckPending: 1000,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the queue %s: %w", webhookStream, err)
	}
	return &Queue{b: b, consumer: c}, nil
}

// Add stores a job; one whose id was stored lately is left out.
func (q *Queue) Add(ctx context.Context, id string, job []byte) error {
	m := nats.NewMsg(webhookSubject)
	m.Data = job
	if _, err := q.b.js.PublishMsg(ctx, m, jetstream.WithMsgID(id)); err != nil {
		return fmt.Errorf("storing a job: %w", err)
	}
	return nil
}

// Work does jobs, n at a time, until ctx ends.
func (q *Queue) Work(ctx context.Context, n int, do func(ctx context.Context, job []byte) error) error {
	var running sync.WaitGroup
	defer running.Wait()
	for range n {
		running.Go(func() {
			for ctx.Err() == nil {
				q.next(ctx, do)
			}
		})
	}
	<-ctx.Done()
	return ctx.Err()
}

// next waits for a job and does it.
func (q *Queue) next(ctx context.Context, do func(ctx context.Context, job []byte) error) {
	waiting, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	m, err := q.consumer.Next(jetstream.FetchContext(waiting))
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, nats.ErrTimeout) && !errors.Is(err, context.DeadlineExceeded) {
			select { // the store is away
			case <-time.After(firstAgain):
			case <-ctx.Done():
			}
		}
		return
	}
	working, stop := context.WithTimeout(ctx, jobTime/2)
	defer stop()
	if err := do(working, m.Data()); err != nil {
		again := firstAgain
		if meta, err := m.Metadata(); err == nil {
			for range min(meta.NumDelivered-1, 20) {
				again = min(2*again, lastAgain)
			}
		}
		_ = m.NakWithDelay(again)
		return
	}
	_ = m.Ack() // else it is done once more
}
