/** The scheduler's metrics, under their upstream names. */
import type { Counter, Histogram, MetricsRegistry } from "../core/metrics.ts";

export interface SchedulerMetrics {
  readonly attempts: Counter;
  readonly attemptDuration: Histogram;
  readonly algorithmDuration: Histogram;
  readonly podAttempts: Histogram;
  readonly podDuration: Histogram;
  readonly preemptions: Counter;
  readonly victims: Histogram;
}

const durations = Array.from({ length: 15 }, (_, i) => 0.001 * 2 ** i);

export function schedulerMetrics(
  registry: MetricsRegistry,
  queue: () => { active: number; backoff: number; unschedulable: number; gated: number },
  cache: () => { nodes: number; pods: number; assumedPods: number },
): SchedulerMetrics {
  const pending = registry.gauge("scheduler_pending_pods", "Pods that wait, by where they wait.", ["queue"]);
  const size = registry.gauge("scheduler_cache_size", "Nodes, pods and assumed pods in the scheduler's cache.", ["type"]);
  registry.onCollect(() => {
    for (const [name, count] of Object.entries(queue())) pending.set(count, { queue: name });
    const { nodes, pods, assumedPods } = cache();
    size.set(nodes, { type: "nodes" });
    size.set(pods, { type: "pods" });
    size.set(assumedPods, { type: "assumed_pods" });
  });
  return {
    attempts: registry.counter("scheduler_schedule_attempts_total", "Attempts to schedule a pod, by result.", ["result", "profile"]),
    attemptDuration: registry.histogram(
      "scheduler_scheduling_attempt_duration_seconds",
      "How long an attempt took, binding included.",
      ["result", "profile"],
      durations,
    ),
    algorithmDuration: registry.histogram("scheduler_scheduling_algorithm_duration_seconds", "How long a cycle took.", [], durations),
    podAttempts: registry.histogram("scheduler_pod_scheduling_attempts", "Attempts until a pod was scheduled.", [], [1, 2, 4, 8, 16]),
    podDuration: registry.histogram(
      "scheduler_pod_scheduling_sli_duration_seconds",
      "How long a pod waited from entering the queue until it was scheduled, by attempts.",
      ["attempts"],
      Array.from({ length: 20 }, (_, i) => 0.01 * 2 ** i),
    ),
    preemptions: registry.counter("scheduler_preemption_attempts_total", "Attempts to make room by preemption."),
    victims: registry.histogram("scheduler_preemption_victims", "Pods removed for one pod.", [], [1, 2, 4, 8, 16, 32, 64]),
  };
}
