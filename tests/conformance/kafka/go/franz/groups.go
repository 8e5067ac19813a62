package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// protocol is how members of a group come to their partitions.
type protocol struct {
	name      string
	groupType string
	opts      []kgo.Opt
}

func init() {
	for _, p := range []protocol{
		{"range", "Classic", []kgo.Opt{kgo.Balancers(kgo.RangeBalancer())}},
		{"round_robin", "Classic", []kgo.Opt{kgo.Balancers(kgo.RoundRobinBalancer())}},
		{"cooperative_sticky", "Classic", []kgo.Opt{kgo.Balancers(kgo.CooperativeStickyBalancer())}},
		{"consumer_range", "Consumer", serverSide(kgo.RangeBalancer())},
		{"consumer_uniform", "Consumer", serverSide(kgo.StickyBalancer())},
	} {
		register("group_resumes_"+p.name, func(c *check) error { return resumes(c, p) })
		register("group_shares_"+p.name, func(c *check) error { return shares(c, p) })
		register("group_static_"+p.name, func(c *check) error { return static(c, p) })
		register("group_is_described_"+p.name, func(c *check) error { return described(c, p) })
	}
	register("offsets_are_committed_by_admin", committedByAdmin)
}

func serverSide(balancer kgo.GroupBalancer) []kgo.Opt {
	return []kgo.Opt{kgo.Balancers(balancer), kgo.ServerSideBalancer()}
}

func (c *check) member(p protocol, group, topic string, opts ...kgo.Opt) (*kgo.Client, error) {
	opts = append(opts, p.opts...)
	opts = append(opts, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	return c.client(opts...)
}

// read polls until it has so many records and tells their numbers.
func (c *check) read(client *kgo.Client, count int) (map[string]int, error) {
	seen := map[string]int{}
	for read := 0; read < count; {
		fetches := client.PollFetches(c)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("after %d records: %w", read, err)
		}
		for _, got := range fetches.Records() {
			seen[string(got.Key)]++
			read++
		}
	}
	return seen, nil
}

// resumes: a second member begins where the first one committed, nothing twice, nothing left out.
func resumes(c *check, p protocol) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	group := c.prefix + "-group"
	for round := 0; round < 3; round++ {
		from, to := round*300, (round+1)*300
		if err := c.produce(topic, partitions, from, to); err != nil {
			return err
		}
		client, err := c.member(p, group, topic)
		if err != nil {
			return err
		}
		seen, err := c.read(client, to-from)
		if err == nil {
			err = client.CommitUncommittedOffsets(c)
		}
		client.Close()
		if err != nil {
			return err
		}
		for i := from; i < to; i++ {
			key := fmt.Sprintf("key %d", i)
			if err := wanted("how often "+key+" was read", seen[key], 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// shares: two members have the partitions between them, and one has all when the other has left.
func shares(c *check, p protocol) error {
	topic, err := c.topic("records", 4)
	if err != nil {
		return err
	}
	group := c.prefix + "-group"
	first, err := c.member(p, group, topic)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := c.member(p, group, topic)
	if err != nil {
		return err
	}
	defer second.Close()
	stop := c.pollBoth(first, second)
	if err := c.eventuallyAssigned(p, group, []int{2, 2}); err != nil {
		return err
	}
	stop()
	second.Close()
	stop = c.pollBoth(first)
	defer stop()
	return c.eventuallyAssigned(p, group, []int{4})
}

// pollBoth keeps members polling until the returned function is called.
func (c *check) pollBoth(clients ...*kgo.Client) func() {
	polling, cancel := context.WithCancel(c)
	done := make(chan struct{}, len(clients))
	for _, client := range clients {
		go func() {
			for polling.Err() == nil {
				client.PollFetches(polling)
			}
			done <- struct{}{}
		}()
	}
	return func() {
		cancel()
		for range clients {
			<-done
		}
	}
}

// eventuallyAssigned waits until the stable group's members have so many partitions each.
func (c *check) eventuallyAssigned(p protocol, group string, want []int) error {
	for {
		state, sizes, err := c.assignment(p, group)
		if err == nil && state == "Stable" && fmt.Sprint(sizes) == fmt.Sprint(want) {
			return nil
		}
		if late := c.pause(); late != nil {
			return fmt.Errorf("partitions of each member: %v, %s, %v instead of %v", sizes, state, err, want)
		}
	}
}

func (c *check) assignment(p protocol, group string) (string, []int, error) {
	var sizes []int
	if p.groupType == "Consumer" {
		groups, err := c.admin.DescribeConsumerGroups(c, group)
		if err != nil {
			return "", nil, err
		}
		found := groups[group]
		for _, member := range found.Members {
			size := 0
			for _, assigned := range member.Assignment {
				size += len(assigned)
			}
			sizes = append(sizes, size)
		}
		return found.State, sizes, found.Err
	}
	groups, err := c.admin.DescribeGroups(c, group)
	if err != nil {
		return "", nil, err
	}
	found := groups[group]
	for _, member := range found.Members {
		size := 0
		if assigned, ok := member.Assigned.AsConsumer(); ok {
			for _, topic := range assigned.Topics {
				size += len(topic.Partitions)
			}
		}
		sizes = append(sizes, size)
	}
	return found.State, sizes, found.Err
}

// static: an instance that comes back within the session finds its partitions and its place.
func static(c *check, p protocol) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	group := c.prefix + "-group"
	for round := 0; round < 2; round++ {
		from, to := round*100, (round+1)*100
		if err := c.produce(topic, partitions, from, to); err != nil {
			return err
		}
		client, err := c.member(p, group, topic, kgo.InstanceID("one"))
		if err != nil {
			return err
		}
		_, err = c.read(client, to-from)
		if err == nil {
			err = client.CommitUncommittedOffsets(c)
		}
		if err == nil && p.groupType == "Consumer" {
			err = c.leaveForAWhile(client, group)
		}
		client.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// leaveForAWhile is what LeaveGroup should do for a static member: franz-go 1.22.2 leaves out the
// instance's id, so that the request is refused, and the id is taken until the session is over.
func (c *check) leaveForAWhile(client *kgo.Client, group string) error {
	leave := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	leave.Group = group
	leave.MemberID, _ = client.GroupMetadata()
	leave.MemberEpoch = -2
	leave.InstanceID = kmsg.StringPtr("one")
	answer, err := leave.RequestWith(c, client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(answer.ErrorCode)
}

// described: the group is listed, described, counted, emptied and deleted.
func described(c *check, p protocol) error {
	topic, err := c.topic("records", partitions)
	if err != nil {
		return err
	}
	if err := c.produce(topic, partitions, 0, 90); err != nil {
		return err
	}
	group := c.prefix + "-group"
	client, err := c.member(p, group, topic)
	if err != nil {
		return err
	}
	_, err = c.read(client, 90)
	if err == nil {
		err = client.CommitUncommittedOffsets(c)
	}
	if err == nil {
		err = c.eventuallyAssigned(p, group, []int{partitions})
	}
	if err == nil {
		err = c.isListed(group, p)
	}
	if err == nil {
		err = c.isUnknownToTheOther(group, p)
	}
	client.Close()
	if err != nil {
		return err
	}
	if err := c.produce(topic, partitions, 90, 100); err != nil {
		return err
	}
	if p.groupType == "Classic" {
		// Lag asks for the members by DescribeGroups, which does not know the other groups.
		lags, err := c.admin.Lag(c, group)
		if err == nil {
			err = lags.Error()
		}
		if err != nil {
			return err
		}
		if err := wanted("the lag", lags[group].Lag.Total(), int64(10)); err != nil {
			return err
		}
	}
	if _, err := c.admin.DeleteGroup(c, group); err != nil {
		return err
	}
	groups, err := c.admin.ListGroups(c)
	if err != nil {
		return err
	}
	_, listed := groups[group]
	return wanted("whether the deleted group is listed", listed, false)
}

// isUnknownToTheOther: DescribeGroups does not find a group of KIP-848, and the reverse.
func (c *check) isUnknownToTheOther(group string, p protocol) error {
	var found error
	if p.groupType == "Consumer" {
		groups, err := c.admin.DescribeGroups(c, group)
		if err != nil {
			return err
		}
		found = groups[group].Err
	} else {
		groups, err := c.admin.DescribeConsumerGroups(c, group)
		if err != nil {
			return err
		}
		found = groups[group].Err
	}
	return wanted("the error of the other description", found, error(kerr.GroupIDNotFound))
}

func (c *check) isListed(group string, p protocol) error {
	groups, err := c.admin.ListGroupsByType(c, []string{p.groupType})
	if err != nil {
		return err
	}
	return wanted("the state of the listed group", groups[group].State, "Stable")
}

// committedByAdmin: offsets of a group without members are set, read and deleted.
func committedByAdmin(c *check) error {
	topic, err := c.topic("records", 2)
	if err != nil {
		return err
	}
	if err := c.produce(topic, 2, 0, 20); err != nil {
		return err
	}
	group := c.prefix + "-group"
	offsets := kadm.Offsets{}
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 3, LeaderEpoch: -1, Metadata: "three"})
	offsets.AddOffset(topic, 1, 4, -1)
	if err := c.admin.CommitAllOffsets(c, group, offsets); err != nil {
		return err
	}
	fetched, err := c.admin.FetchOffsets(c, group)
	if err != nil {
		return err
	}
	first, _ := fetched.Lookup(topic, 0)
	if err := wanted("the offset", first.At, int64(3)); err != nil {
		return err
	}
	if err := wanted("its metadata", first.Metadata, "three"); err != nil {
		return err
	}
	set := kadm.TopicsSet{}
	set.Add(topic, 0)
	deleted, err := c.admin.DeleteOffsets(c, group, set)
	if err != nil {
		return err
	}
	if err := deleted.Error(); err != nil {
		return err
	}
	fetched, err = c.admin.FetchOffsets(c, group)
	if err != nil {
		return err
	}
	_, found := fetched.Lookup(topic, 0)
	return wanted("whether the deleted offset is there", found, false)
}
