// sarama runs one check of the sarama suite against a broker, or lists the checks.
//
//	sarama list
//	sarama CHECK BOOTSTRAP PREFIX
//
// Topics and groups are named with the prefix, so that no two runs meet. A check fails by exit code
// 1 and says why on stderr; the limit below ends one that hangs.
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/IBM/sarama"
)

const limit = 120 * time.Second

// check is what a check is given: a broker, an admin client, and names of its own.
type check struct {
	context.Context
	bootstrap []string
	prefix    string
	admin     sarama.ClusterAdmin
}

var checks = map[string]func(*check) error{}

func register(name string, run func(*check) error) { checks[name] = run }

func main() {
	if len(os.Args) == 2 && os.Args[1] == "list" {
		names := make([]string, 0, len(checks))
		for name := range checks {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			fmt.Println(name)
		}
		return
	}
	if len(os.Args) != 4 || checks[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: sarama list | sarama CHECK BOOTSTRAP PREFIX")
		os.Exit(2)
	}
	if err := run(checks[os.Args[1]], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(body func(*check) error, bootstrap, prefix string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, config())
	if err != nil {
		return err
	}
	defer admin.Close()
	return body(&check{ctx, []string{bootstrap}, prefix, admin})
}

// config speaks the newest versions that both ends know, and is idempotent.
func config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Producer.Return.Successes = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Idempotent = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Net.MaxOpenRequests = 1
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Return.Errors = true
	config.Consumer.Group.Rebalance.Timeout = 10 * time.Second
	config.Consumer.Group.Session.Timeout = 10 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	return config
}

// topic creates one and returns its name. The records are of long ago, so nothing is ever too old.
func (c *check) topic(name string, partitions int32) (string, error) {
	topic := c.prefix + "-" + name
	forever := "-1"
	detail := &sarama.TopicDetail{
		NumPartitions:     partitions,
		ReplicationFactor: 1,
		ConfigEntries:     map[string]*string{"retention.ms": &forever},
	}
	return topic, c.admin.CreateTopic(topic, detail, false)
}

// produce sends numbered records in order, record i to partition i modulo their number.
func (c *check) produce(topic string, partitions, from, to int, config *sarama.Config) error {
	producer, err := sarama.NewSyncProducer(c.bootstrap, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	messages := make([]*sarama.ProducerMessage, 0, to-from)
	for i := from; i < to; i++ {
		messages = append(messages, message(topic, i, partitions))
	}
	return producer.SendMessages(messages)
}

func message(topic string, i, partitions int) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{
		Topic:     topic,
		Partition: int32(i % partitions),
		Key:       sarama.StringEncoder(key(i)),
		Value:     sarama.StringEncoder(value(i)),
		Headers:   []sarama.RecordHeader{{Key: []byte("number"), Value: fmt.Append(nil, i)}},
		Timestamp: stamp(i),
	}
}

func key(i int) string { return fmt.Sprintf("key %d", i) }

func value(i int) string { return fmt.Sprintf("value %06d, and some more to be compressed", i) }

func stamp(i int) time.Time { return time.UnixMilli(1_700_000_000_000 + int64(i)) }

// same compares a message that was read with the one that was sent as number i.
func same(got *sarama.ConsumerMessage, i int) error {
	switch {
	case string(got.Key) != key(i), string(got.Value) != value(i):
		return fmt.Errorf("offset %d of partition %d is %q, not %q", got.Offset, got.Partition,
			got.Value, value(i))
	case len(got.Headers) != 1 || string(got.Headers[0].Value) != fmt.Sprint(i):
		return fmt.Errorf("message %d has the headers %v", i, got.Headers)
	case !got.Timestamp.Equal(stamp(i)):
		return fmt.Errorf("message %d has the timestamp %v", i, got.Timestamp)
	}
	return nil
}

// pause is the interval of polling for what the broker does by itself.
func (c *check) pause() error {
	select {
	case <-c.Done():
		return c.Err()
	case <-time.After(20 * time.Millisecond):
		return nil
	}
}

func wanted[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: expected %v, got %v", what, want, got)
	}
	return nil
}
