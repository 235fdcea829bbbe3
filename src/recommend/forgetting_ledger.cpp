#include "recommend/forgetting_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "core/json.h"
#include "core/time.h"

namespace eunomia::recommend {

using core::subject_handle;
namespace sql = store::sql;

namespace {

std::vector<subject_handle> handles_of(std::string_view json) {
  std::vector<subject_handle> handles;
  for (const std::uint64_t handle : core::read_json<std::vector<std::uint64_t>>(json)) {
    handles.emplace_back(handle);
  }
  return handles;
}

std::string json_of(std::span<const subject_handle> handles) {
  std::vector<std::uint64_t> numbers;
  numbers.reserve(handles.size());
  for (const subject_handle handle : handles) {
    numbers.push_back(handle.value());
  }
  return core::write_json(numbers);
}

}  // namespace

forgetting_ledger::forgetting_ledger(sql::database& sql) : sql_(sql) {
  expect(waiting().people);
}

forgetting_record forgetting_ledger::add(std::span<const subject_handle> gone,
                                         const std::function<void(sql::transaction&)>& with) {
  forgetting_record record;
  record.requested_at = core::now_ms();
  record.people = gone.size();
  const std::string handles = json_of(gone);
  expect(gone);
  try {
    record.id = sql_.write([&](sql::transaction& in) {
      with(in);
      return in
          .query_one(
              "INSERT INTO recommend_forgetting (requested_at, completed_at, people, handles, report) "
              "VALUES (:now, 0, :people, :handles, '') RETURNING id",
              {{"now", record.requested_at}, {"people", record.people}, {"handles", handles}})[0]
          .int64(0);
    });
  } catch (const core::error& problem) {
    // Whether it was committed is not known when the database was lost: then models lose these people in any case.
    if (problem.code() != core::errc::unavailable) {
      expect_no_more(gone);
    }
    throw;
  } catch (...) {
    expect_no_more(gone);
    throw;
  }
  return record;
}

forgetting_ledger::requests forgetting_ledger::waiting() const {
  requests found;
  sql_.read([&](sql::connection& in) {
    in.each("SELECT id, handles FROM recommend_forgetting WHERE completed_at = 0 ORDER BY id", {},
            [&](const sql::row& r) {
              found.ids.push_back(r.int64(0));
              const auto handles = handles_of(r.text(1));
              found.people.insert(found.people.end(), handles.begin(), handles.end());
            });
  });
  sort_and_unite(found.people);
  return found;
}

void forgetting_ledger::drop_handles(const requests& done, const forgetting_report& report) {
  const std::string text = core::write_json(report);
  sql_.write([&](sql::transaction& in) {
    for (const std::int64_t id : done.ids) {
      // Of a request that lost its handles before a kill, the report is there.
      in.execute("UPDATE recommend_forgetting SET handles = '[]', report = :report WHERE id = :id AND report = ''",
                 {{"report", text}, {"id", id}});
    }
  });
}

void forgetting_ledger::complete(const requests& done) {
  const std::int64_t now = core::now_ms();
  sql_.write([&](sql::transaction& in) {
    for (const std::int64_t id : done.ids) {
      in.execute("UPDATE recommend_forgetting SET completed_at = :now WHERE id = :id", {{"now", now}, {"id", id}});
    }
  });
  expect_no_more(done.people);
}

std::optional<std::int64_t> forgetting_ledger::wait_since() const {
  return sql_.read([](sql::connection& in) -> std::optional<std::int64_t> {
    const auto oldest = in.query_one(
        "SELECT count(*), coalesce(min(requested_at), 0) FROM recommend_forgetting WHERE completed_at = 0");
    return oldest[0].int64(0) == 0 ? std::nullopt : std::optional(oldest[0].int64(1));
  });
}

forgetting_record forgetting_ledger::find(std::int64_t id) const {
  return sql_.read([&](sql::connection& in) {
    const auto found = in.query_one(
        "SELECT id, requested_at, completed_at, people, report FROM recommend_forgetting WHERE id = :id", {{"id", id}});
    if (found.empty()) {
      throw core::error(core::errc::not_found, fmt::format("there is no forgetting {}", id));
    }
    forgetting_record record{found[0].int64(0), found[0].int64(1), found[0].int64(2), found[0].uint64(3), {}};
    if (record.completed_at != 0) {
      record.report = core::read_json<forgetting_report>(found[0].text(4));
    }
    return record;
  });
}

std::vector<subject_handle> forgetting_ledger::whom_models_may_hold() const {
  const std::lock_guard lock(mutex_);
  std::vector<subject_handle> all = waiting_;
  all.insert(all.end(), since_training_began_.begin(), since_training_began_.end());
  sort_and_unite(all);
  return all;
}

void forgetting_ledger::expect(std::span<const subject_handle> gone) {
  const std::lock_guard lock(mutex_);
  waiting_.insert(waiting_.end(), gone.begin(), gone.end());
  if (trainings_ > 0) {
    since_training_began_.insert(since_training_began_.end(), gone.begin(), gone.end());
  }
}

void forgetting_ledger::expect_no_more(std::span<const subject_handle> gone) {
  const std::lock_guard lock(mutex_);
  std::sort(waiting_.begin(), waiting_.end());
  // Each once: somebody else may have asked for the same person.
  std::vector<subject_handle> left;
  std::set_difference(waiting_.begin(), waiting_.end(), gone.begin(), gone.end(), std::back_inserter(left));
  waiting_ = std::move(left);
}

forgetting_ledger::training::training(forgetting_ledger& in) : in_(in) {
  const std::lock_guard lock(in_.mutex_);
  // Those who wait may be done, and waited for no more, before the training has read the rows that they leave behind.
  in_.since_training_began_.insert(in_.since_training_began_.end(), in_.waiting_.begin(), in_.waiting_.end());
  ++in_.trainings_;
}

forgetting_ledger::training::~training() {
  const std::lock_guard lock(in_.mutex_);
  if (--in_.trainings_ == 0) {
    in_.since_training_began_.clear();
  }
}

void sort_and_unite(std::vector<subject_handle>& handles) {
  std::sort(handles.begin(), handles.end());
  handles.erase(std::unique(handles.begin(), handles.end()), handles.end());
}

}  // namespace eunomia::recommend
