package main

import (
	"fmt"

	"github.com/IBM/sarama"
)

const (
	partitions = 3
	count      = 3000
)

func init() {
	for name, codec := range map[string]sarama.CompressionCodec{
		"none":   sarama.CompressionNone,
		"gzip":   sarama.CompressionGZIP,
		"snappy": sarama.CompressionSnappy,
		"lz4":    sarama.CompressionLZ4,
		"zstd":   sarama.CompressionZSTD,
	} {
		register("round_trip_"+name, func(c *check) error { return roundTrip(c, codec) })
	}
	// The oldest protocol versions that sarama offers and Kafka 4 still serves.
	for name, version := range map[string]sarama.KafkaVersion{
		"2.1": sarama.V2_1_0_0,
		"3.0": sarama.V3_0_0_0,
	} {
		register("round_trip_as_"+name, func(c *check) error { return roundTripAs(c, version) })
	}
	register("async_producer", asyncProducer)
	register("auto_creation", autoCreation)
	register("offsets_are_listed", offsetsAreListed)
	register("records_are_deleted", recordsAreDeleted)
	register("topics_and_configs", topicsAndConfigs)
}

func roundTrip(c *check, codec sarama.CompressionCodec) error {
	config := config()
	config.Producer.Compression = codec
	return c.sendAndRead(config)
}

func roundTripAs(c *check, version sarama.KafkaVersion) error {
	config := config()
	config.Version = version
	return c.sendAndRead(config)
}

func (c *check) sendAndRead(config *sarama.Config) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	if err := c.produce(topic, partitions, 0, count, config); err != nil {
		return err
	}
	return c.readAll(topic, config)
}

// readAll reads each partition from its beginning: every message, in order.
func (c *check) readAll(topic string, config *sarama.Config) error {
	consumer, err := sarama.NewConsumer(c.bootstrap, config)
	if err != nil {
		return err
	}
	defer consumer.Close()
	for partition := range partitions {
		reader, err := consumer.ConsumePartition(topic, int32(partition), sarama.OffsetOldest)
		if err != nil {
			return err
		}
		for i := partition; i < count; i += partitions {
			select {
			case <-c.Done():
				return fmt.Errorf("message %d did not come: %w", i, c.Err())
			case err := <-reader.Errors():
				return err
			case got := <-reader.Messages():
				if err := wanted("the offset", got.Offset, int64(i/partitions)); err != nil {
					return err
				}
				if err := same(got, i); err != nil {
					return err
				}
			}
		}
		if err := reader.Close(); err != nil {
			return err
		}
	}
	return nil
}

func asyncProducer(c *check) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	config := config()
	config.Producer.Flush.MaxMessages = 50
	producer, err := sarama.NewAsyncProducer(c.bootstrap, config)
	if err != nil {
		return err
	}
	go func() {
		for i := range count {
			producer.Input() <- message(topic, i, partitions)
		}
	}()
	for acknowledged := 0; acknowledged < count; {
		select {
		case <-c.Done():
			return fmt.Errorf("%d acknowledged: %w", acknowledged, c.Err())
		case err := <-producer.Errors():
			return err
		case <-producer.Successes():
			acknowledged++
		}
	}
	if err := producer.Close(); err != nil {
		return err
	}
	return c.readAll(topic, config)
}

func autoCreation(c *check) error {
	topic := c.prefix + "-created"
	if err := c.produce(topic, 1, 0, 1, config()); err != nil {
		return err
	}
	topics, err := c.admin.DescribeTopics([]string{topic})
	if err != nil {
		return err
	}
	return wanted("partitions of the new topic", len(topics[0].Partitions), 4)
}

func offsetsAreListed(c *check) error {
	topic, err := c.topic("offsets", 1)
	if err != nil {
		return err
	}
	if err := c.produce(topic, 1, 0, 10, config()); err != nil {
		return err
	}
	client, err := sarama.NewClient(c.bootstrap, config())
	if err != nil {
		return err
	}
	defer client.Close()
	times := map[int64]int64{
		sarama.OffsetOldest:   0,
		sarama.OffsetNewest:   10,
		stamp(4).UnixMilli():  4,
		stamp(99).UnixMilli(): -1,
	}
	for time, want := range times {
		got, err := client.GetOffset(topic, 0, time)
		if err != nil {
			return err
		}
		if err := wanted(fmt.Sprintf("the offset at %d", time), got, want); err != nil {
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
	if err := c.produce(topic, 1, 0, 10, config()); err != nil {
		return err
	}
	if err := c.admin.DeleteRecords(topic, map[int32]int64{0: 4}); err != nil {
		return err
	}
	asked := map[string]map[int32]int64{topic: {0: sarama.OffsetOldest}}
	listed, err := c.admin.ListOffsets(asked, nil)
	if err != nil {
		return err
	}
	return wanted("the first offset", listed[topic][0].Offset, int64(4))
}

func topicsAndConfigs(c *check) error {
	topic, err := c.topic("topic", 2)
	if err != nil {
		return err
	}
	if err := c.admin.CreatePartitions(topic, 5, nil, false); err != nil {
		return err
	}
	value := "5000"
	set := map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value},
	}
	if err := c.admin.IncrementalAlterConfig(sarama.TopicResource, topic, set, false); err != nil {
		return err
	}
	resource := sarama.ConfigResource{
		Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"},
	}
	configs, err := c.admin.DescribeConfig(resource)
	if err != nil {
		return err
	}
	if err := wanted("retention.ms", configs[0].Value, value); err != nil {
		return err
	}
	topics, err := c.admin.ListTopics()
	if err != nil {
		return err
	}
	if err := wanted("partitions", topics[topic].NumPartitions, int32(5)); err != nil {
		return err
	}
	if err := c.admin.DeleteTopic(topic); err != nil {
		return err
	}
	topics, err = c.admin.ListTopics()
	if err != nil {
		return err
	}
	_, listed := topics[topic]
	return wanted("whether the deleted topic is listed", listed, false)
}
