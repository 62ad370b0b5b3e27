// SPDX-License-Identifier: GPL-2.0
/*
 * A user of hmap in the kernel: bytes and packets for each flow.
 *
 * flow_account() is what a driver would call for a packet. Here a few workers
 * call it, side by side, for made-up packets, and loading the module fails
 * unless all of them have been counted.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hmap.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#define FLOWS	1000
#define WORKERS	4

struct flow_stats {
	u64 packets;
	u64 bytes;
};

static struct hmap flows;

/* Runs under the map's lock, so nothing is lost between reading and storing. */
static int flow_add(void *value, bool exists, void *arg)
{
	struct flow_stats *stats = value;	/* zeros if the flow is new */
	const u32 *bytes = arg;

	stats->packets++;
	stats->bytes += *bytes;
	return 0;
}

/* Context: process or softirq, therefore GFP_ATOMIC. */
static int flow_account(u64 flow, u32 bytes)
{
	return hmap_update(&flows, &flow, flow_add, &bytes, HMAP_ANY,
			   GFP_ATOMIC);
}

/* A packet of the made-up traffic: minimum to maximum size on Ethernet. */
static u32 flow_packet(u64 flow)
{
	return 64 + flow % 1455;
}

static void flow_worker(struct work_struct *work)
{
	u64 flow;

	for (flow = 0; flow < FLOWS; flow++)
		if (flow_account(flow, flow_packet(flow)))
			pr_err("flow %llu could not be counted\n", flow);
}

/* Adds up all flows, a handful at a time: others can use the map meanwhile. */
static struct flow_stats flow_total(void)
{
	struct flow_stats total = {}, stats[16];
	struct hmap_iter iter;
	unsigned int i, n;
	u64 flow[16];

	hmap_iter_init(&iter);
	while (!hmap_iter_done(&iter)) {
		n = hmap_iter_next(&flows, &iter, flow, stats, 16);
		for (i = 0; i < n; i++) {
			total.packets += stats[i].packets;
			total.bytes += stats[i].bytes;
		}
		cond_resched();
	}
	return total;
}

static int __init flow_simulate(void)
{
	static struct work_struct work[WORKERS];
	struct flow_stats total;
	unsigned int i;
	u64 flow, bytes = 0;

	for (i = 0; i < WORKERS; i++) {
		INIT_WORK(&work[i], flow_worker);
		schedule_work(&work[i]);
	}
	for (i = 0; i < WORKERS; i++)
		flush_work(&work[i]);

	for (flow = 0; flow < FLOWS; flow++)
		bytes += WORKERS * flow_packet(flow);
	total = flow_total();
	pr_info("%lu flows, %llu packets, %llu bytes\n", hmap_len(&flows),
		total.packets, total.bytes);
	return hmap_len(&flows) == FLOWS && total.bytes == bytes &&
	       total.packets == WORKERS * FLOWS ? 0 : -EUCLEAN;
}

static int __init hmap_example_init(void)
{
	const struct hmap_params params = {
		.key_size = sizeof(u64),
		.value_size = sizeof(struct flow_stats),
	};
	int ret;

	ret = hmap_init(&flows, &params);
	if (ret)
		return ret;
	ret = flow_simulate();
	if (ret)
		hmap_destroy(&flows);
	return ret;
}

static void __exit hmap_example_exit(void)
{
	hmap_destroy(&flows);
}

module_init(hmap_example_init);
module_exit(hmap_example_exit);

MODULE_AUTHOR("hmap developers");
MODULE_DESCRIPTION("Example of a module that keeps an hmap");
MODULE_LICENSE("GPL");
