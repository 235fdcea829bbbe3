#include "recommend/live_history.h"

#include <algorithm>

#include "core/error.h"
#include "recommend/dataset_state.h"

namespace eunomia::recommend {

namespace {

// What the lists and tables take for one person, about.
constexpr std::size_t bytes_of_place = 256;

std::size_t bytes_of(const person_history& known) {
  std::size_t bytes = bytes_of_place + known.events.capacity() * sizeof(past_event);
  for (const std::string& name : *known.features) {
    bytes += sizeof(std::string) + name.capacity();
  }
  return bytes;
}

void insert_by_time(std::vector<past_event>& events, const past_event& added) {
  const auto after = std::upper_bound(events.begin(), events.end(), added.time,
                                      [](std::int64_t time, const past_event& e) { return time < e.time; });
  events.insert(after, added);
}

std::shared_ptr<person_history> made_of(stored_history stored, std::vector<std::string> features) {
  auto made = std::make_shared<person_history>();
  made->features = std::make_shared<const std::vector<std::string>>(std::move(features));
  made->events = std::move(stored.events);
  return made;
}

// What is shown of somebody who is not admitted.
std::shared_ptr<const person_history> nothing() {
  return made_of({}, {});
}

void keep_newest(std::vector<past_event>& events) {
  if (events.size() > max_history_events) {
    events.erase(events.begin(), events.end() - max_history_events);
  }
}

}  // namespace

struct live_history::listener final : dataset_listener {
  explicit listener(live_history& of) : of_(of) { of_.dataset_.state_->add(*this); }
  ~listener() override { of_.dataset_.state_->remove(*this); }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  void recorded(std::span<const recorded_event> events, std::uint64_t clock) override { of_.recorded(events, clock); }
  void forgotten(std::span<const core::subject_handle> gone) override { of_.forget(gone); }
  void interactions_changed() override { of_.clear(); }
  void people_changed() override { ++of_.features_version_; }
  void profiles_put(std::span<const core::subject_handle> people) override { of_.profiles_put(people); }

  live_history& of_;
};

live_history::live_history(dataset of, std::size_t memory_limit)
    : dataset_(std::move(of)), stripe_limit_(memory_limit / stripes), listener_(std::make_unique<listener>(*this)) {}

live_history::~live_history() = default;

record_report live_history::record(std::span<const event> batch, const also_stored& also) {
  return dataset_.record(batch, also);
}

std::shared_ptr<const person_history> live_history::history_of(core::subject_handle who, const core::purpose& why) {
  stripe& in = stripe_of(who);
  for (;;) {
    const auto admitted = dataset_.admission_for(why);
    if (!admitted->admits(who)) {
      return nothing();
    }
    std::uint64_t number = 0;
    {
      std::unique_lock lock(in.mutex);
      const auto found = in.places.find(who);
      if (found == in.places.end()) {
        ++in.misses;
        number = ++loads_;
        in.entries.emplace_front().who = who;
        in.entries.front().load = number;
        in.places.emplace(who, in.entries.begin());
      } else if (found->second->known == nullptr) {
        in.loaded.wait(lock);
        continue;
      } else {
        ++in.hits;
        in.entries.splice(in.entries.begin(), in.entries, found->second);
        auto known = found->second->known;
        const entry& place = *found->second;
        if (place.features_version == features_version_ && place.profiles_read == place.profiles_put) {
          return known;
        }
        const seen_place seen{place.load, place.profiles_put};
        lock.unlock();
        return with_new_features(who, why, known, seen);
      }
    }
    if (auto known = load(who, why, *admitted, number)) {
      return known;
    }
  }
}

// What was read while somebody refused and then did not may lack what they did: a history is kept only when the same
// people were admitted before it was read and afterwards. The caller holds admitted, so that no other can have its
// place in memory.
std::shared_ptr<const person_history> live_history::load(core::subject_handle who, const core::purpose& why,
                                                         const core::admission& admitted, std::uint64_t number) {
  const std::uint64_t version = features_version_;
  try {
    auto features = dataset_.features_of(who, why);
    stored_history stored = dataset_.compact_history_of(who, why);
    const auto now = dataset_.admission_for(why);
    if (now.get() == &admitted) {
      return fill(who, number, version, std::move(stored), std::move(features));
    }
    give_up(who, number);
    return now->admits(who) ? made_of(std::move(stored), std::move(features)) : nothing();
  } catch (...) {
    give_up(who, number);
    throw;
  }
}

std::shared_ptr<const person_history> live_history::fill(core::subject_handle who, std::uint64_t number,
                                                         std::uint64_t version, stored_history stored,
                                                         std::vector<std::string> features) {
  const std::uint64_t clock_read = stored.clock;
  const auto fresh = made_of(std::move(stored), std::move(features));
  stripe& in = stripe_of(who);
  const std::lock_guard lock(in.mutex);
  const auto found = in.places.find(who);
  if (found == in.places.end() || found->second->load != number) {
    return nullptr;
  }
  for (const auto& [clock, event] : found->second->arrived) {
    if (clock > clock_read) {
      insert_by_time(fresh->events, event);
    }
  }
  keep_newest(fresh->events);
  fresh->events.shrink_to_fit();
  found->second->arrived = {};
  found->second->features_version = version;
  found->second->clock = clock_read;
  keep(in, found->second, fresh);
  in.loaded.notify_all();
  return fresh;
}

void live_history::warm_up(const core::purpose& why, core::thread_pool& pool, core::job& job) {
  dataset_.admission_for(why);  // refused before anything is read
  pool.for_each(stripes, [&](std::size_t bucket, unsigned) { warm_up(static_cast<std::uint32_t>(bucket), why, job); });
}

// A place is taken before the waiting events of somebody are read, as in load(): from then on what arrives, and an
// erasure, is seen there. What was erased between the scan and that moment shows in the number of removals.
void live_history::warm_up(std::uint32_t bucket, const core::purpose& why, core::job& job) {
  stripe& in = stripes_[bucket];
  const std::uint64_t version = features_version_;
  const std::uint64_t removals = removals_;
  const auto admitted = dataset_.admission_for(why);
  core::subject_handle taken;
  std::uint64_t number = 0;
  const auto take_place = [&](core::subject_handle who) {
    job.check();
    const std::lock_guard lock(in.mutex);
    if (removals_ != removals || in.bytes >= stripe_limit_ || in.places.contains(who)) {
      return false;
    }
    taken = who;
    number = ++loads_;
    // Behind those that somebody asked for: they are dropped first.
    in.entries.emplace_back().who = who;
    in.entries.back().load = number;
    in.places.emplace(who, std::prev(in.entries.end()));
    return true;
  };
  const auto put = [&](core::subject_handle who, stored_history stored, std::vector<std::string> features) {
    if (dataset_.admission_for(why) == admitted) {
      fill(who, number, version, std::move(stored), std::move(features));
    } else {
      give_up(who, number);  // see load()
    }
  };
  try {
    dataset_.compact_histories(bucket, why, job, take_place, put);
  } catch (...) {
    give_up(taken, number);
    throw;
  }
}

void live_history::give_up(core::subject_handle who, std::uint64_t number) {
  stripe& in = stripe_of(who);
  const std::lock_guard lock(in.mutex);
  if (const auto found = in.places.find(who); found != in.places.end() && found->second->load == number) {
    drop(in, found->second);
  }
  in.loaded.notify_all();
}

std::shared_ptr<const person_history> live_history::with_new_features(
    core::subject_handle who, const core::purpose& why, const std::shared_ptr<const person_history>& known,
    const seen_place& seen) {
  const std::uint64_t version = features_version_;
  const auto admitted = dataset_.admission_for(why);
  const auto features = std::make_shared<const std::vector<std::string>>(dataset_.features_of(who, why));
  const bool unchanged = dataset_.admission_for(why) == admitted;  // see load()
  stripe& in = stripe_of(who);
  const std::lock_guard lock(in.mutex);
  const auto found = in.places.find(who);
  const bool there = found != in.places.end() && found->second->known != nullptr;
  auto changed = std::make_shared<person_history>(there ? *found->second->known : *known);
  changed->features = features;
  if (there && unchanged && found->second->load == seen.load) {
    found->second->features_version = version;
    found->second->profiles_read = std::max(found->second->profiles_read, seen.profiles_put);
    keep(in, found->second, changed);
  }
  return changed;
}

// Gives a place what is known, and other places up for it. The caller holds the mutex.
void live_history::keep(stripe& in, std::list<entry>::iterator place, std::shared_ptr<const person_history> known) {
  in.bytes -= place->bytes;
  place->bytes = bytes_of(*known);
  place->known = std::move(known);
  in.bytes += place->bytes;
  for (auto last = in.entries.end(); in.bytes > stripe_limit_ && last != in.entries.begin();) {
    --last;
    if (last->known != nullptr) {
      const auto evicted = last++;
      drop(in, evicted);
      ++in.evictions;
    }
  }
}

void live_history::drop(stripe& in, std::list<entry>::iterator place) {
  in.bytes -= place->bytes;
  in.places.erase(place->who);
  in.entries.erase(place);
}

void live_history::recorded(std::span<const recorded_event> events, std::uint64_t clock) {
  if (events.size() == 1) {
    add(events, clock);
    return;
  }
  std::vector<recorded_event> sorted(events.begin(), events.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const recorded_event& a, const recorded_event& b) { return a.who < b.who; });
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin + 1;
    while (end < sorted.size() && sorted[end].who == sorted[begin].who) {
      ++end;
    }
    add(std::span(sorted).subspan(begin, end - begin), clock);
    begin = end;
  }
}

void live_history::add(std::span<const recorded_event> of_one, std::uint64_t clock) {
  const core::subject_handle who = of_one.front().who;
  stripe& in = stripe_of(who);
  const std::lock_guard lock(in.mutex);
  const auto found = in.places.find(who);
  if (found == in.places.end()) {
    return;
  }
  entry& place = *found->second;
  if (place.known == nullptr) {
    for (const recorded_event& e : of_one) {
      place.arrived.emplace_back(clock, e.what);
    }
    return;
  }
  // A load may have found the batch in the buffer before it was told here.
  if (clock <= place.clock) {
    return;
  }
  auto changed = std::make_shared<person_history>();
  changed->features = place.known->features;
  changed->events.reserve(place.known->events.size() + of_one.size());
  changed->events = place.known->events;
  for (const recorded_event& e : of_one) {
    insert_by_time(changed->events, e.what);
  }
  keep_newest(changed->events);
  keep(in, found->second, std::move(changed));
}

// A place that is being filled reads the features anew when it is next asked: what the load saw of them is not known.
void live_history::profiles_put(std::span<const core::subject_handle> people) {
  for (const core::subject_handle who : people) {
    stripe& in = stripe_of(who);
    const std::lock_guard lock(in.mutex);
    if (const auto found = in.places.find(who); found != in.places.end()) {
      ++found->second->profiles_put;
    }
  }
}

void live_history::forget(std::span<const core::subject_handle> gone) {
  ++removals_;
  for (const core::subject_handle who : gone) {
    stripe& in = stripe_of(who);
    const std::lock_guard lock(in.mutex);
    if (const auto found = in.places.find(who); found != in.places.end()) {
      drop(in, found->second);
    }
    in.loaded.notify_all();
  }
}

void live_history::clear() {
  ++removals_;
  for (stripe& in : stripes_) {
    const std::lock_guard lock(in.mutex);
    in.entries.clear();
    in.places.clear();
    in.bytes = 0;
    in.loaded.notify_all();
  }
}

live_history_statistics live_history::statistics() const {
  live_history_statistics now;
  for (const stripe& in : stripes_) {
    const std::lock_guard lock(in.mutex);
    now.people += in.places.size();
    now.bytes += in.bytes;
    now.hits += in.hits;
    now.misses += in.misses;
    now.evictions += in.evictions;
  }
  return now;
}

}  // namespace eunomia::recommend
