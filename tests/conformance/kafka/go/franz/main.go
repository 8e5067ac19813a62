// franz runs one check of the franz-go suite against a broker, or lists the checks.
//
//	franz list
//	franz CHECK BOOTSTRAP PREFIX
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

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const limit = 120 * time.Second

// check is what a check is given: a broker, an admin client, and names of its own.
type check struct {
	context.Context
	bootstrap string
	prefix    string
	admin     *kadm.Client
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
		fmt.Fprintln(os.Stderr, "usage: franz list | franz CHECK BOOTSTRAP PREFIX")
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
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return err
	}
	defer client.Close()
	return body(&check{ctx, bootstrap, prefix, kadm.NewClient(client)})
}

// client has the broker and whatever else it is given.
func (c *check) client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.bootstrap)}, opts...)...)
}

// topic creates one and returns its name. The records are of long ago, so nothing is ever too old.
func (c *check) topic(name string, partitions int32) (string, error) {
	topic := c.prefix + "-" + name
	forever := "-1"
	configs := map[string]*string{"retention.ms": &forever}
	_, err := c.admin.CreateTopic(c, partitions, 1, configs, topic)
	return topic, err
}

// produce sends numbered records in order, record i to partition i modulo their number.
func (c *check) produce(topic string, partitions, from, to int, opts ...kgo.Opt) error {
	opts = append(opts, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	client, err := c.client(opts...)
	if err != nil {
		return err
	}
	defer client.Close()
	records := make([]*kgo.Record, 0, to-from)
	for i := from; i < to; i++ {
		records = append(records, record(topic, i, partitions))
	}
	return client.ProduceSync(c, records...).FirstErr()
}

func record(topic string, i, partitions int) *kgo.Record {
	return &kgo.Record{
		Topic:     topic,
		Partition: int32(i % partitions),
		Key:       fmt.Appendf(nil, "key %d", i),
		Value:     fmt.Appendf(nil, "value %06d, and some more to be compressed", i),
		Headers:   []kgo.RecordHeader{{Key: "number", Value: fmt.Append(nil, i)}, {Key: "empty"}},
		Timestamp: time.UnixMilli(1_700_000_000_000 + int64(i)),
	}
}

// same compares a record that was read with the one that was sent as number i.
func same(got *kgo.Record, i, partitions int) error {
	want := record(got.Topic, i, partitions)
	switch {
	case string(got.Key) != string(want.Key), string(got.Value) != string(want.Value):
		return fmt.Errorf("record %d of partition %d is %q, not %q", got.Offset, got.Partition,
			got.Value, want.Value)
	case len(got.Headers) != 2 || string(got.Headers[0].Value) != fmt.Sprint(i):
		return fmt.Errorf("record %d has the headers %v", i, got.Headers)
	case !got.Timestamp.Equal(want.Timestamp):
		return fmt.Errorf("record %d has the timestamp %v", i, got.Timestamp)
	}
	return nil
}
