package main

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	partitions = 3
	count      = 3000
)

func init() {
	for name, codec := range map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	} {
		register("round_trip_"+name, func(c *check) error { return roundTrip(c, codec) })
	}
	register("acks", acks)
	register("auto_creation", autoCreation)
	register("offsets_are_listed", offsetsAreListed)
	register("records_are_deleted", recordsAreDeleted)
	register("topics_and_configs", topicsAndConfigs)
}

// roundTrip reads by assignment what an idempotent producer sent: all of it, in order.
func roundTrip(c *check, codec kgo.CompressionCodec) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	if err := c.produce(topic, partitions, 0, count, kgo.ProducerBatchCompression(codec)); err != nil {
		return err
	}
	offsets := map[int32]kgo.Offset{}
	for partition := int32(0); partition < partitions; partition++ {
		offsets[partition] = kgo.NewOffset().AtStart()
	}
	assigned := map[string]map[int32]kgo.Offset{topic: offsets}
	client, err := c.client(kgo.ConsumePartitions(assigned))
	if err != nil {
		return err
	}
	defer client.Close()
	next := [partitions]int{}
	for read := 0; read < count; {
		fetches := client.PollFetches(c)
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, got := range fetches.Records() {
			partition := int(got.Partition)
			if got.Offset != int64(next[partition]) {
				return fmt.Errorf("offset %d after %d", got.Offset, next[partition]-1)
			}
			if err := same(got, next[partition]*partitions+partition, partitions); err != nil {
				return err
			}
			next[partition]++
			read++
		}
	}
	return nil
}

func acks(c *check) error {
	topic, err := c.topic("acks", 1)
	if err != nil {
		return err
	}
	levels := []kgo.Acks{kgo.NoAck(), kgo.LeaderAck(), kgo.AllISRAcks()}
	for i, level := range levels {
		opts := []kgo.Opt{kgo.RequiredAcks(level), kgo.DisableIdempotentWrite()}
		if err := c.produce(topic, 1, i, i+1, opts...); err != nil {
			return err
		}
	}
	return c.eventuallyEnds(topic, 0, int64(len(levels)))
}

// eventuallyEnds waits for the end of a partition: acks=0 is not answered.
func (c *check) eventuallyEnds(topic string, partition int32, end int64) error {
	for {
		listed, err := c.admin.ListEndOffsets(c, topic)
		if err != nil {
			return err
		}
		if found, _ := listed.Lookup(topic, partition); found.Offset == end {
			return nil
		}
		if err := c.pause(); err != nil {
			return fmt.Errorf("partition %d never ended at %d: %w", partition, end, err)
		}
	}
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

func autoCreation(c *check) error {
	topic := c.prefix + "-created"
	if err := c.produce(topic, 1, 0, 1, kgo.AllowAutoTopicCreation()); err != nil {
		return err
	}
	topics, err := c.admin.ListTopics(c, topic)
	if err != nil {
		return err
	}
	return wanted("partitions of the new topic", len(topics[topic].Partitions), 4)
}

func offsetsAreListed(c *check) error {
	topic, err := c.topic("offsets", 1)
	if err != nil {
		return err
	}
	if err := c.produce(topic, 1, 0, 10); err != nil {
		return err
	}
	first := record(topic, 0, 1).Timestamp.UnixMilli()
	type list func(context.Context, ...string) (kadm.ListedOffsets, error)
	byTime := func(ctx context.Context, topics ...string) (kadm.ListedOffsets, error) {
		return c.admin.ListOffsetsAfterMilli(ctx, first+4, topics...)
	}
	for what, wantedBy := range map[string]struct {
		offset int64
		list   list
	}{
		"start":         {0, c.admin.ListStartOffsets},
		"end":           {10, c.admin.ListEndOffsets},
		"max timestamp": {9, c.admin.ListMaxTimestampOffsets},
		"a time":        {4, byTime},
	} {
		listed, err := wantedBy.list(c, topic)
		if err == nil {
			err = listed.Error()
		}
		if err != nil {
			return err
		}
		found, _ := listed.Lookup(topic, 0)
		if err := wanted("the offset by "+what, found.Offset, wantedBy.offset); err != nil {
			return err
		}
	}
	return nil
}

func recordsAreDeleted(c *check) error {
	topic, err := c.topic("shortened", 1)
	if err != nil {
		return err
	}
	if err := c.produce(topic, 1, 0, 10); err != nil {
		return err
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(topic, 0, 4, -1)
	deleted, err := c.admin.DeleteRecords(c, offsets)
	if err == nil {
		err = deleted.Error()
	}
	if err != nil {
		return err
	}
	listed, err := c.admin.ListStartOffsets(c, topic)
	if err != nil {
		return err
	}
	found, _ := listed.Lookup(topic, 0)
	return wanted("the first offset", found.Offset, int64(4))
}

func topicsAndConfigs(c *check) error {
	topic, err := c.topic("topic", 2)
	if err != nil {
		return err
	}
	if _, err := c.admin.UpdatePartitions(c, 5, topic); err != nil {
		return err
	}
	value := "5000"
	set := []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "retention.ms", Value: &value}}
	altered, err := c.admin.AlterTopicConfigs(c, set, topic)
	if err != nil {
		return err
	}
	if altered[0].Err != nil {
		return altered[0].Err
	}
	configs, err := c.admin.DescribeTopicConfigs(c, topic)
	if err != nil {
		return err
	}
	for _, config := range configs[0].Configs {
		if config.Key == "retention.ms" {
			if err := wanted("retention.ms", *config.Value, value); err != nil {
				return err
			}
		}
	}
	topics, err := c.admin.ListTopics(c, topic)
	if err != nil {
		return err
	}
	if err := wanted("partitions", len(topics[topic].Partitions), 5); err != nil {
		return err
	}
	if _, err := c.admin.DeleteTopic(c, topic); err != nil {
		return err
	}
	topics, err = c.admin.ListTopics(c)
	if err != nil {
		return err
	}
	return wanted("whether the deleted topic is listed", topics.Has(topic), false)
}

func wanted[T comparable](what string, got, want T) error {
	if got != want {
		return fmt.Errorf("%s: expected %v, got %v", what, want, got)
	}
	return nil
}
