#include "recommend/event_log.h"
#include "recommend/dataset_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
namespace sql = store::sql;
namespace table = store::table;

// How often a batch is tried while people or items that it names change under it.
constexpr int max_attempts = 4;
// What one transaction of the clearing up may hold the writer for.
constexpr std::size_t rows_at_a_time = 4096;
// Parts in one bucket before they are joined.
constexpr std::size_t max_parts_per_bucket = 32;

}  // namespace

// The keys that a batch has taken: given back unless its events were stored.
class event_log::claim {
 public:
  explicit claim(event_buffer& in) : buffer_(in) {}
  ~claim() { buffer_.release(keys_); }
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;

  std::vector<bool> take(std::span<const event_key> keys) {
    std::vector<bool> taken = buffer_.claim(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (taken[i]) {
        keys_.push_back(keys[i]);
      }
    }
    return taken;
  }
  const std::vector<event_key>& keys() const { return keys_; }

 private:
  event_buffer& buffer_;
  std::vector<event_key> keys_;
};

event_log::event_log(house in, std::int64_t dataset, std::string table, shared_items& items, event_type_names& types,
                     observer stored, std::function<void()> unsure)
    : house_(in),
      dataset_(dataset),
      table_(std::move(table)),
      items_(items),
      types_(types),
      stored_(std::move(stored)),
      unsure_(std::move(unsure)) {}

std::int64_t event_log::mark(sql::connection& in) const {
  const auto found = in.query_one("SELECT event_id FROM dataset_settled WHERE dataset_id = :id", {{"id", dataset_}});
  return found.empty() ? 0 : found[0].int64(0);
}

void event_log::load_once() {
  if (loaded_) {
    return;
  }
  const std::unique_lock alone(recording_);
  if (loaded_) {
    return;
  }
  std::vector<event_buffer::row> rows;
  std::vector<std::pair<event_key, core::subject_handle>> settled_keys;
  std::int64_t oldest = 0;
  house_.sql.read([&](sql::connection& in) {
    rows.clear();
    settled_keys.clear();
    oldest = 0;
    const std::int64_t last_settled = mark(in);
    read_event_rows(in, dataset_, 0, std::numeric_limits<std::int64_t>::max(), [&](const event_row& r) {
      if (r.id <= last_settled) {
        if (r.key) {
          settled_keys.emplace_back(*r.key, r.who);
        }
        return;
      }
      oldest = oldest == 0 ? r.recorded_at : std::min(oldest, r.recorded_at);
      rows.push_back(
          {r.id, r.who, {r.time, static_cast<std::uint32_t>(r.item), r.value, types_.number_of(r.type)}, r.key});
    });
  });
  buffer_.replace(rows, settled_keys, oldest);
  if (kept_.current() == nullptr) {
    fill_filter(0);
  }
  loaded_ = true;
}

void event_log::unsure() {
  loaded_ = false;
  unsure_();
}

record_report event_log::record(std::span<const event> batch, const dataset_description& into,
                                const also_stored& also) {
  const std::int64_t now = core::now_ms();
  const std::vector<checked_event> good = check_events(batch, into, now);
  for (const checked_event& one : good) {
    types_.number_of(one.type);  // refused before anything is stored
  }
  admissions who_may;
  for (const core::purpose& why : into.purposes) {
    who_may.push_back(house_.access.admission_for(why));
  }
  for (int attempt = 1;;) {
    try {
      if (const auto done = try_record(good, who_may, now, also)) {
        return *done;
      }
    } catch (const error& problem) {
      // Somebody of the batch was forgotten, and is a new person now; or another process was here.
      if (problem.code() != errc::failed_precondition || attempt++ == max_attempts) {
        throw;
      }
    }
  }
}

// The positions of the events that were not recorded before.
std::vector<std::size_t> event_log::fresh_events(std::span<const checked_event> batch, claim& keys) {
  std::vector<event_key> wanted;
  std::unordered_map<event_key, std::size_t> first;  // position of the first event with a key
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].key && first.try_emplace(*batch[i].key, i).second) {
      wanted.push_back(*batch[i].key);
    }
  }
  std::unordered_set<event_key> known;
  if (!wanted.empty()) {
    // The buffer first: a key leaves it only when the table has it.
    const std::vector<bool> taken = keys.take(wanted);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!taken[i]) {
        known.insert(wanted[i]);
      }
    }
    std::vector<event_key> perhaps;
    const auto filter = kept_.current();
    std::copy_if(keys.keys().begin(), keys.keys().end(), std::back_inserter(perhaps),
                 [&](const event_key& key) { return filter->may_have(key); });
    if (!perhaps.empty()) {
      house_.sql.read([&](sql::connection& in) { find_kept_keys(in, dataset_, perhaps, known); });
    }
  }
  std::vector<std::size_t> fresh;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const auto& key = batch[i].key;
    if (!key || (first.at(*key) == i && !known.contains(*key))) {
      fresh.push_back(i);
    }
  }
  return fresh;
}

void event_log::refuse_closed(std::span<const core::subject_handle> people) {
  const std::lock_guard lock(closed_mutex_);
  if (closed_.empty()) {
    return;
  }
  if (std::any_of(people.begin(), people.end(), [&](core::subject_handle who) { return closed_.contains(who); })) {
    throw error(errc::unavailable,
                "a person of these is being forgotten at this moment; nothing was stored, send them again");
  }
}

std::optional<record_report> event_log::try_record(std::span<const checked_event> batch, const admissions& who_may,
                                                   std::int64_t now, const also_stored& also) {
  std::shared_lock inside(recording_, std::defer_lock);
  for (;;) {
    load_once();
    inside.lock();
    if (loaded_) {
      break;
    }
    inside.unlock();
  }
  refuse_stopped();
  claim keys(buffer_);
  std::vector<std::size_t> fresh = fresh_events(batch, keys);
  if (!loaded_) {
    // Who gave a key back may have stored it nevertheless and not know: unsure() comes before the giving back, so that
    // we see it here. Only SQL can tell.
    return std::nullopt;
  }
  if (fresh.empty()) {
    return record_report{0, batch.size()};
  }
  if (buffer_.waiting().events + fresh.size() > max_waiting_events) {
    throw error(errc::resource_exhausted,
                fmt::format("max_waiting_events = {} events wait for the dataset's table already; try again later",
                            max_waiting_events));
  }
  record_report report{.duplicates = batch.size() - fresh.size()};
  const auto people = house_.people.enrol(user_space);
  const std::size_t before = fresh.size();
  std::vector<std::string_view> users;
  users.reserve(fresh.size());
  for (const std::size_t i : fresh) {
    users.push_back(batch[i].user);
  }
  const admitted_people admitted = admit(house_.people, *people, who_may, users);
  const std::vector<core::subject_handle>& who = admitted.who;
  for (std::size_t i = 0; i < who.size(); ++i) {
    fresh[i] = fresh[admitted.kept[i]];
  }
  fresh.resize(who.size());
  report.recorded = fresh.size();
  report.not_admitted = before - fresh.size();
  if (fresh.empty()) {
    return report;
  }
  refuse_closed(who);
  std::vector<std::string_view> ids;
  ids.reserve(fresh.size());
  for (const std::size_t i : fresh) {
    ids.push_back(batch[i].item);
  }
  std::vector<std::int64_t> items(fresh.size());
  std::vector<promised_item> new_items;
  items_.resolve(ids, items, new_items);

  const auto count = static_cast<std::int64_t>(fresh.size());
  const std::int64_t first_id = house_.last_event.fetch_add(count) + 1;
  std::vector<event_buffer::row> rows;
  rows.reserve(fresh.size());
  event_row_writer writer(dataset_, now);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const checked_event& one = batch[fresh[i]];
    const std::int64_t id = first_id + static_cast<std::int64_t>(i);
    writer.add(id, who[i], items[i], one);
    rows.push_back({id,
                    who[i],
                    {one.time, static_cast<std::uint32_t>(items[i]),
                     one.value.value_or(std::numeric_limits<float>::quiet_NaN()), types_.number_of(one.type)},
                    one.key});
  }
  try {
    house_.sql.write([&](sql::transaction& in) {
      people->record(in);
      items_.record(in, new_items);
      writer.write(in);
      if (also) {
        also(in, fresh);
      }
    });
  } catch (const error& problem) {
    if (problem.code() == errc::unavailable) {
      unsure();  // it may have been committed
    }
    throw;
  }
  items_.committed(new_items);
  std::vector<recorded_event> told;
  told.reserve(rows.size());
  for (const event_buffer::row& row : rows) {
    told.push_back({row.who, row.what});
  }
  stored_(told, buffer_.add(rows, now));
  return report;
}

waiting_events event_log::waiting() {
  load_once();
  return buffer_.waiting();
}

void event_log::close_to(std::span<const core::subject_handle> people) {
  const std::unique_lock alone(recording_);  // who is under way is done then
  const std::lock_guard lock(closed_mutex_);
  closed_.insert(people.begin(), people.end());
}

void event_log::open_to(std::span<const core::subject_handle> people) {
  const std::lock_guard lock(closed_mutex_);
  for (const core::subject_handle who : people) {
    closed_.erase(closed_.find(who));
  }
}

event_buffer::snapshot event_log::read(core::subject_handle who, const std::function<void()>& read_table) {
  load_once();
  const std::shared_lock still(moving_);
  event_buffer::snapshot waiting = buffer_.of(who);
  read_table();
  return waiting;
}

void event_log::read_many(const std::function<void(const waiting_of&)>& read_table) {
  load_once();
  const std::shared_lock still(moving_);
  read_table([this](core::subject_handle who) { return buffer_.of(who); });
}

waiting_events event_log::read_all(const std::function<void()>& read_table) {
  load_once();
  const std::shared_lock still(moving_);
  const waiting_events now = buffer_.waiting();
  read_table();
  return now;
}

void event_log::read_rows(core::subject_handle who, const std::function<void()>& read_table,
                          const std::function<void(std::span<const std::int64_t>)>& read_waiting) {
  load_once();
  const std::shared_lock lock(scanning_);
  read_table();
  const std::vector<std::int64_t> ids = buffer_.ids_of(std::span(&who, 1));
  for (std::size_t begin = 0; begin < ids.size(); begin += rows_at_a_time) {
    read_waiting(std::span(ids).subspan(begin, std::min(rows_at_a_time, ids.size() - begin)));
  }
}

std::vector<kept_key> event_log::keys_of(core::subject_handle who) {
  load_once();
  // Memory first: a key leaves it only when the table has it.
  const std::vector<event_key> of_late = buffer_.keys_of(who);
  auto keys = house_.sql.read([&](sql::connection& in) { return kept_keys_of(in, dataset_, who); });
  std::set<event_key> kept;
  for (const kept_key& key : keys) {
    kept.insert(key.key);
  }
  const std::set<event_key> others(of_late.begin(), of_late.end());
  for (const event_key& key : others) {
    if (!kept.contains(key)) {
      keys.push_back({key, who, 0});
    }
  }
  return keys;
}

void event_log::while_nothing_settles(const std::function<void()>& scan) {
  const std::shared_lock lock(scanning_);
  scan();
}

std::uint64_t event_log::settle(core::thread_pool& pool, core::job& job) {
  std::unique_lock no_scan(scanning_);
  const std::lock_guard turn(settling_);
  refuse_stopped();
  load_once();
  delete_settled();
  std::int64_t last = 0;
  {
    // With nobody under way, every id up to here is committed and in the buffer, or will never be used.
    const std::unique_lock alone(recording_);
    last = house_.last_event;
    if (!loaded_ || buffer_.waiting().events == 0) {
      return 0;
    }
  }
  const std::int64_t first = house_.sql.read([&](sql::connection& in) { return mark(in); }) + 1;
  const auto rows = stage(first, last, pool, job);
  {
    const std::unique_lock alone(moving_);
    deleted_ = false;
    try {
      table::staged_change* const staged = rows.get();
      table::write_naming(house_.sql, {&staged, 1}, [&](sql::transaction& in) {
        rows->commit(in);
        in.execute(
            "INSERT INTO dataset_settled (dataset_id, event_id) VALUES (:id, :last)"
            " ON CONFLICT (dataset_id) DO UPDATE SET event_id = excluded.event_id",
            {{"id", dataset_}, {"last", last}});
      });
    } catch (const error& problem) {
      if (problem.code() == errc::unavailable) {
        unsure();
      }
      throw;
    }
    rows->committed();
    buffer_.settled(last);
  }
  house_.tables.compact(table_, max_parts_per_bucket, pool, job);
  no_scan.unlock();
  delete_settled();
  return rows->rows();
}

std::unique_ptr<table::appender> event_log::stage(std::int64_t first, std::int64_t last, core::thread_pool& pool,
                                                  core::job& job) {
  auto rows = house_.tables.append(table_, pool);
  const std::vector<table::column> columns = house_.tables.describe(table_).columns;
  table::column_batch batch(columns);
  house_.sql.read([&](sql::connection& in) {
    read_event_rows(in, dataset_, first, last, [&](const event_row& r) {
      add_event_row(r, columns, batch);
      if (batch.rows() == rows_at_a_time) {
        job.check();
        rows->append(batch);
        batch.clear();
      }
    });
  });
  rows->append(batch);
  rows->finish();
  return rows;
}

// The keys of settled rows move to their own table, then the rows go, in steps that leave the writer time for others.
// After a kill it is done again from the start: the caller holds settling_.
void event_log::delete_settled() {
  if (deleted_) {
    return;
  }
  const std::int64_t last = house_.sql.read([&](sql::connection& in) { return mark(in); });
  keep_keys(last);
  delete_rows(last);
  forget_old_keys();
  deleted_ = true;
}

void event_log::keep_keys(std::int64_t last) {
  std::vector<kept_key> keys;
  house_.sql.read([&](sql::connection& in) {
    keys.clear();
    read_event_keys(in, dataset_, last, [&](const kept_key& key) { keys.push_back(key); });
  });
  // In their order, so that neighbours share a page of the index.
  std::sort(keys.begin(), keys.end(), [](const kept_key& a, const kept_key& b) { return a.key < b.key; });
  if (!filter_->suits(kept_keys_ + keys.size())) {
    fill_filter(keys.size());
  }
  std::vector<event_key> moved;
  for (std::size_t begin = 0; begin < keys.size(); begin += rows_at_a_time) {
    const auto some = std::span(keys).subspan(begin, std::min(rows_at_a_time, keys.size() - begin));
    house_.sql.write([&](sql::transaction& in) { keep_event_keys(in, dataset_, some); });
    moved.clear();
    for (const kept_key& key : some) {
      moved.push_back(key.key);
      filter_->add(key.key);
    }
    kept_keys_ += some.size();
    buffer_.forget_keys(moved);  // who does not find one here finds it there
  }
}

// Makes a filter of the keys that the table has, with room for twice as many and further ones. Keys that expired leave
// it only here.
void event_log::fill_filter(std::uint64_t further) {
  house_.sql.read([&](sql::connection& in) {
    kept_keys_ =
        in.query_one("SELECT count(*) FROM dataset_event_key WHERE dataset_id = :id", {{"id", dataset_}})[0].uint64(0);
    filter_ = std::make_shared<event_key_filter>(2 * (kept_keys_ + further));
    in.each("SELECT key_high, key_low FROM dataset_event_key WHERE dataset_id = :id", {{"id", dataset_}},
            [&](const sql::row& r) {
              filter_->add({r.int64(0), r.int64(1)});
            });
  });
  kept_.publish(filter_);
}

void event_log::delete_rows(std::int64_t last) {
  std::vector<std::int64_t> ids;
  house_.sql.read([&](sql::connection& in) {
    ids.clear();
    in.each("SELECT id FROM dataset_event WHERE dataset_id = :id AND id <= :last ORDER BY id",
            {{"id", dataset_}, {"last", last}}, [&](const sql::row& r) { ids.push_back(r.int64(0)); });
  });
  for (std::size_t begin = 0; begin < ids.size(); begin += rows_at_a_time) {
    const std::size_t end = std::min(begin + rows_at_a_time, ids.size());
    house_.sql.write([&](sql::transaction& in) {
      in.execute("DELETE FROM dataset_event WHERE dataset_id = :id AND id >= :first AND id <= :last",
                 {{"id", dataset_}, {"first", ids[begin]}, {"last", ids[end - 1]}});
    });
  }
}

void event_log::forget_old_keys() {
  const std::int64_t before = core::now_ms() - event_id_memory_ms;
  while (house_.sql.write([&](sql::transaction& in) {
    return forget_event_keys(in, dataset_, before, rows_at_a_time);
  }) == rows_at_a_time) {
  }
}

std::uint64_t event_log::erase(std::span<const core::subject_handle> gone, const std::function<void()>& the_rest) {
  const std::lock_guard turn(settling_);
  load_once();
  delete_settled();
  std::vector<std::int64_t> ids;
  {
    const std::unique_lock alone(recording_);
    if (!loaded_) {
      throw error(errc::unavailable, "the connection to the database was lost during the erasure; try again");
    }
    ids = buffer_.ids_of(gone);
    house_.sql.write([&](sql::transaction& in) { erase_events(in, dataset_, ids, gone); });
    buffer_.erase(gone);
  }
  the_rest();
  return ids.size();
}

void event_log::while_nothing_is_rewritten(const std::function<void()>& rewrite) {
  const std::lock_guard turn(settling_);
  refuse_stopped();
  rewrite();
}

void event_log::while_nothing_is_scanned(const std::function<void()>& rewrite) {
  const std::unique_lock no_scan(scanning_);
  while_nothing_is_rewritten(rewrite);
}

void event_log::while_open_to(std::span<const core::subject_handle> people, const std::function<void()>& store) {
  const std::shared_lock inside(recording_);
  refuse_stopped();
  refuse_closed(people);
  store();
}

void event_log::refuse_stopped() const {
  if (stopped_) {
    throw error(errc::not_found, "the dataset was dropped");
  }
}

void event_log::stop() {
  const std::lock_guard turn(settling_);
  const std::unique_lock alone(recording_);
  refuse_stopped();
  stopped_ = true;
}

void event_log::resume() {
  stopped_ = false;
}

void event_log::drop(sql::transaction& in) {
  for (const char* statement :
       {"DELETE FROM dataset_event WHERE dataset_id = :id", "DELETE FROM dataset_event_key WHERE dataset_id = :id",
        "DELETE FROM dataset_settled WHERE dataset_id = :id"}) {
    in.execute(statement, {{"id", dataset_}});
  }
}

}  // namespace eunomia::recommend
