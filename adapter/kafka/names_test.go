package kafka

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/IBM/sarama"
)

func metadataOf(topics ...string) map[string]*sarama.TopicMetadata {
	answers := map[string]*sarama.TopicMetadata{}
	for _, topic := range topics {
		answers[topic] = &sarama.TopicMetadata{Name: topic, IsInternal: strings.HasPrefix(topic, "__")}
	}
	return answers
}

func TestWhichTopicANameStandsFor(t *testing.T) {
	all := metadataOf("shop.orders", "shop_returns", "a.b_c", "d_e", "d.e", "plain", "__consumer_offsets")
	index := topicNames{at: at(0), topics: byName(all)}
	tests := []struct {
		name, asked, want string
		reason            string // part of the message
		is                error
	}{
		{name: "one with a dot, from Flink's metrics", asked: "shop_orders", want: "shop.orders"},
		{name: "one with an underscore of its own", asked: "shop_returns", want: "shop_returns"},
		{name: "one with both, from Flink's metrics", asked: "a_b_c", want: "a.b_c"},
		{name: "none", asked: "shop_refunds", reason: "does not exist, by this name or with dots", is: ErrNotFound},
		{name: "a name without underscores is no other topic's", asked: "plain", reason: "does not exist", is: ErrNotFound},
		{name: "two that Flink's metrics don't tell apart", asked: "d_e", reason: "write the topics d.e, d_e alike"},
		{name: "Kafka's own topics are no candidates", asked: "__consumer_offsets", reason: "does not exist", is: ErrNotFound},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := index.find(test.asked)
			if got.topic != test.want || (test.reason == "") != (got.err == nil) || test.is != nil && !errors.Is(got.err, test.is) {
				t.Fatalf("got %+v", got)
			}
			if got.err != nil && !strings.Contains(got.err.Error(), test.reason) {
				t.Errorf("got %q, want a part of it to be %q", got.err, test.reason)
			}
		})
	}
}

func FuzzNames(f *testing.F) {
	f.Add("shop.orders,shop_orders,a.b_c", "shop_orders")
	f.Add("", "_")
	f.Fuzz(func(t *testing.T, list, asked string) {
		topics := strings.Split(list, ",")
		got := topicNames{at: at(0), topics: byName(metadataOf(topics...))}.find(asked)
		switch {
		case (got.err == nil) != (got.topic != ""):
			t.Errorf("%q: got %+v", asked, got)
		case got.err == nil && (!slices.Contains(topics, got.topic) || strings.ReplaceAll(got.topic, ".", "_") != asked):
			t.Errorf("%q: got %q of %q", asked, got.topic, topics)
		}
	})
}

func TestNamesOfFlinkAreLookedUpSeldom(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.leaders["shop.orders"], c.ends["shop.orders"] = []int32{1}, 5
	c.serve()
	client := c.client()
	logs := logsOf(t, client, "orders", "shop.orders")
	if log := logs["shop.orders"]; log.Topic != "shop.orders" || log.EndAt(0, c.clock.Now()) != 5 {
		t.Errorf("by Kafka's name: %+v", log)
	}
	if got := c.requests()["Metadata"]; got != 1 {
		t.Errorf("Kafka's names cost %d Metadata, want the one for their leaders", got)
	}
	for range 3 {
		logs = logsOf(t, client, "shop.orders", "shop_orders", "shop_refunds")
		if log := logs["shop_orders"]; log.Topic != "shop.orders" || log.EndAt(0, c.clock.Now()) != 5 {
			t.Errorf("by Flink's name: %+v", log)
		}
		if err := logs["shop_refunds"].Err; !errors.Is(err, ErrNotFound) {
			t.Errorf("a topic that isn't there: %v", err)
		}
	}
	if got := c.requests()["Metadata"]; got != 2 {
		t.Errorf("Flink's names brought it to %d Metadata, want 2", got)
	}
	c.leaders["shop.refunds"] = []int32{2}
	c.serve()
	c.clock.Step(metadataMaxAge)
	if log := logsOf(t, client, "shop_refunds")["shop_refunds"]; log.Err != nil || log.Topic != "shop.refunds" {
		t.Errorf("after a while: %+v", log)
	}
}

func TestNamesThatCouldNotBeLookedUp(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.leaders["shop.orders"] = []int32{1}
	client := c.client()
	logsOf(t, client, "orders")
	for id := range c.brokers {
		c.answersWith(id, map[string]sarama.MockResponse{"MetadataRequest": nil})
	}
	if err := logsOf(t, client, "shop_orders")["shop_orders"].Err; err == nil || !strings.Contains(err.Error(), "Metadata: no answer in time") {
		t.Errorf("nobody answers: %v", err)
	}
	asked := c.requests()["Metadata"]
	if logs := logsOf(t, client, "orders", "shop_orders"); logs["orders"].Err != nil || logs["shop_orders"].Err == nil {
		t.Errorf("right after it: %+v", logs)
	}
	if again := c.requests()["Metadata"]; again != asked {
		t.Errorf("asked again at once: %d Metadata, then %d", asked, again)
	}
	c.serve()
	c.clock.Step(relistAfter)
	if log := logsOf(t, client, "shop_orders")["shop_orders"]; log.Err != nil {
		t.Errorf("healed: %v", log.Err)
	}
	for id := range c.brokers {
		c.answersWith(id, map[string]sarama.MockResponse{"MetadataRequest": nil})
	}
	c.clock.Step(metadataMaxAge)
	if log := logsOf(t, client, "shop_orders")["shop_orders"]; log.Topic != "shop.orders" {
		t.Errorf("names of a minute ago are better than none: %+v", log)
	}
}
