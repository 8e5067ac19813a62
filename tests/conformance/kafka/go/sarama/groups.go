package main

import (
	"context"
	"fmt"

	"github.com/IBM/sarama"
)

func init() {
	for name, strategy := range map[string]func() sarama.BalanceStrategy{
		"range":       sarama.NewBalanceStrategyRange,
		"round_robin": sarama.NewBalanceStrategyRoundRobin,
		"sticky":      sarama.NewBalanceStrategySticky,
	} {
		register("group_resumes_"+name, func(c *check) error { return resumes(c, strategy(), "") })
		register("group_shares_"+name, func(c *check) error { return shares(c, strategy) })
	}
	register("group_static", func(c *check) error {
		return resumes(c, sarama.NewBalanceStrategyRange(), "one")
	})
	register("group_is_described", described)
	register("offsets_are_committed_by_admin", committedByAdmin)
}

func groupConfig(strategy sarama.BalanceStrategy) *sarama.Config {
	config := config()
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategy}
	return config
}

// reader is a member of a group that hands on what it reads and marks it.
type reader struct {
	messages chan *sarama.ConsumerMessage
	assigned chan int
}

func newReader() *reader {
	return &reader{make(chan *sarama.ConsumerMessage), make(chan int, 100)}
}

func (r *reader) Setup(session sarama.ConsumerGroupSession) error {
	total := 0
	for _, partitions := range session.Claims() {
		total += len(partitions)
	}
	r.assigned <- total
	return nil
}

func (r *reader) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (r *reader) ConsumeClaim(
	s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim,
) error {
	for {
		select {
		case <-s.Context().Done():
			return nil
		case message, more := <-claim.Messages():
			if !more {
				return nil
			}
			select {
			case r.messages <- message:
				s.MarkMessage(message, "")
			case <-s.Context().Done():
				return nil
			}
		}
	}
}

// member joins a group until the returned function is called, which commits and leaves.
func (c *check) member(group, topic string, config *sarama.Config) (*reader, func() error, error) {
	member, err := sarama.NewConsumerGroup(c.bootstrap, group, config)
	if err != nil {
		return nil, nil, err
	}
	reader := newReader()
	ctx, cancel := context.WithCancel(c)
	done := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if err := member.Consume(ctx, []string{topic}, reader); err != nil && ctx.Err() == nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	leave := func() error {
		cancel()
		if err := <-done; err != nil {
			return err
		}
		return member.Close()
	}
	return reader, leave, nil
}

// resumes: each round begins where the last one committed, nothing twice, nothing left out.
func resumes(c *check, strategy sarama.BalanceStrategy, instance string) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	for round := range 3 {
		from, to := round*300, (round+1)*300
		if err := c.produce(topic, partitions, from, to, config()); err != nil {
			return err
		}
		config := groupConfig(strategy)
		config.Consumer.Group.InstanceId = instance
		reader, leave, err := c.member(c.prefix+"-group", topic, config)
		if err != nil {
			return err
		}
		for i := from; i < to; i++ {
			select {
			case <-c.Done():
				return fmt.Errorf("%d messages of round %d: %w", i-from, round, c.Err())
			case got := <-reader.messages:
				number := int(got.Offset)*partitions + int(got.Partition)
				if number < from || number >= to {
					return fmt.Errorf("message %d in round %d", number, round)
				}
				if err := same(got, number); err != nil {
					return err
				}
			}
		}
		if err := leave(); err != nil {
			return err
		}
	}
	return nil
}

// shares: two members have the partitions between them, and one has all when the other has left.
func shares(c *check, strategy func() sarama.BalanceStrategy) error {
	topic, err := c.topic("records", 4)
	if err != nil {
		return err
	}
	group := c.prefix + "-group"
	first, leaveFirst, err := c.member(group, topic, groupConfig(strategy()))
	if err != nil {
		return err
	}
	if err := c.awaitAssigned(first, 4); err != nil {
		return err
	}
	second, leaveSecond, err := c.member(group, topic, groupConfig(strategy()))
	if err != nil {
		return err
	}
	for _, reader := range []*reader{first, second} {
		if err := c.awaitAssigned(reader, 2); err != nil {
			return err
		}
	}
	if err := leaveFirst(); err != nil {
		return err
	}
	if err := c.awaitAssigned(second, 4); err != nil {
		return err
	}
	return leaveSecond()
}

// awaitAssigned skips the assignments that come before the one that is waited for.
func (c *check) awaitAssigned(reader *reader, want int) error {
	last := -1
	for last != want {
		select {
		case <-c.Done():
			return fmt.Errorf("%d partitions assigned, not %d: %w", last, want, c.Err())
		case last = <-reader.assigned:
		}
	}
	return nil
}

func described(c *check) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	group := c.prefix + "-group"
	strategy := sarama.NewBalanceStrategyRange()
	reader, leave, err := c.member(group, topic, groupConfig(strategy))
	if err != nil {
		return err
	}
	if err := c.awaitAssigned(reader, partitions); err != nil {
		return err
	}
	groups, err := c.admin.ListConsumerGroups()
	if err != nil {
		return err
	}
	if err := wanted("the type of the listed group", groups[group], "consumer"); err != nil {
		return err
	}
	found, err := c.admin.DescribeConsumerGroups([]string{group})
	if err != nil {
		return err
	}
	if err := wanted("the state", found[0].State, "Stable"); err != nil {
		return err
	}
	if err := wanted("members", len(found[0].Members), 1); err != nil {
		return err
	}
	if err := leave(); err != nil {
		return err
	}
	if err := c.admin.DeleteConsumerGroup(group); err != nil {
		return err
	}
	groups, err = c.admin.ListConsumerGroups()
	if err != nil {
		return err
	}
	_, listed := groups[group]
	return wanted("whether the deleted group is listed", listed, false)
}

// committedByAdmin: offsets of a group without members are set, read and deleted.
func committedByAdmin(c *check) error {
	topic, err := c.topic("records", 1)
	if err != nil {
		return err
	}
	if err := c.produce(topic, 1, 0, 10, config()); err != nil {
		return err
	}
	group := c.prefix + "-group"
	metadata := "three"
	offsets := map[string]map[int32]sarama.OffsetAndMetadata{
		topic: {0: {Offset: 3, LeaderEpoch: -1, Metadata: metadata}},
	}
	if _, err := c.admin.AlterConsumerGroupOffsets(group, offsets, nil); err != nil {
		return err
	}
	asked := map[string][]int32{topic: {0}}
	found, err := c.admin.ListConsumerGroupOffsets(group, asked)
	if err != nil {
		return err
	}
	block := found.GetBlock(topic, 0)
	if err := wanted("the offset", block.Offset, int64(3)); err != nil {
		return err
	}
	if err := wanted("its metadata", block.Metadata, metadata); err != nil {
		return err
	}
	if err := c.admin.DeleteConsumerGroupOffset(group, topic, 0); err != nil {
		return err
	}
	found, err = c.admin.ListConsumerGroupOffsets(group, asked)
	if err != nil {
		return err
	}
	return wanted("the deleted offset", found.GetBlock(topic, 0).Offset, int64(-1))
}
