#include "recommend/ab_tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/seal.h"
#include "core/time.h"
#include "subject/in_runs.h"

namespace eunomia::recommend {

namespace sql = store::sql;

namespace {

using core::errc;
using core::error;

constexpr std::array<sql::migration, 1> steps_of_the_schema = {{{"ab_test", 1, R"(
  CREATE TABLE ab_test (
    id {id},
    name {text} NOT NULL UNIQUE,
    dataset {text} NOT NULL,
    definition {text} NOT NULL,   -- ab_definition
    salt {text} NOT NULL,
    started_at BIGINT NOT NULL,
    stopped_at BIGINT NOT NULL,   -- 0: it runs
    winner BIGINT NOT NULL
  );
  CREATE TABLE ab_exposure (
    test BIGINT NOT NULL,
    subject BIGINT NOT NULL,
    arm BIGINT NOT NULL,
    exposed_at BIGINT NOT NULL,
    PRIMARY KEY (subject, test)
  );
  CREATE INDEX ab_exposure_test ON ab_exposure (test)
)"}}};

ab_test test_of(const sql::row& r) {
  ab_test found;
  found.id = r.int64(0);
  found.name = r.text(1);
  found.dataset = r.text(2);
  found.what = core::read_json<ab_definition>(r.text(3));
  found.salt = core::digest128_from_hex(r.text(4));
  found.started_at = r.int64(5);
  found.stopped_at = r.int64(6);
  found.winner = static_cast<std::size_t>(r.int64(7));
  return found;
}

// The dataset that all recommenders of the test learn from.
std::string dataset_of(const ab_definition& what, const recommenders& all) {
  std::string dataset;
  for (std::size_t i = 0; i < what.arms.size(); ++i) {
    const ab_arm& arm = what.arms[i];
    const recommender_record record = all.find(arm.recommender);
    if (!arm.deployment.empty()) {
      all.deployment(arm.recommender, arm.deployment);
    }
    if (!dataset.empty() && dataset != record.dataset) {
      throw error(errc::invalid_argument,
                  fmt::format("arms[{}].recommender: \"{}\" learns from dataset \"{}\", and the first arm's from "
                              "\"{}\"; what people do then could not be compared",
                              i, arm.recommender, record.dataset, dataset));
    }
    dataset = record.dataset;
  }
  return dataset;
}

core::digest128 new_salt() {
  core::digest128 salt;
  core::random_bytes(salt.bytes);
  return salt;
}

}  // namespace

ab_tests::ab_tests(sql::database& in, const subject::vault& keys, const recommenders& all)
    : sql_(in), keys_(keys), all_(all) {
  sql_.migrate(steps_of_the_schema);
  sql_.read([&](sql::connection& rows) {
    rows.each("SELECT id, name, dataset, definition, salt, started_at, stopped_at, winner FROM ab_test", {},
              [&](const sql::row& r) {
                auto one = std::make_shared<const ab_test>(test_of(r));
                tests_.emplace(one->name, std::move(one));
              });
  });
}

std::shared_ptr<const ab_test> ab_tests::create(std::string_view name, const ab_definition& what) {
  check_deployment_name(name);
  check(what);
  const std::lock_guard turn(changing_);
  {
    const std::lock_guard lock(mutex_);
    if (tests_.contains(name)) {
      throw error(errc::already_exists, fmt::format("there is an A/B test \"{}\" already", name));
    }
    if (tests_.size() >= max_ab_tests) {
      throw error(errc::resource_exhausted,
                  fmt::format("there are max_ab_tests = {} A/B tests already; remove one first", max_ab_tests));
    }
  }
  ab_test made;
  made.name = name;
  made.dataset = dataset_of(what, all_);
  made.what = what;
  made.salt = new_salt();
  made.started_at = core::now_ms();
  made.id = sql_.write([&](sql::transaction& in) {
    const std::string definition = core::write_json(what);
    const std::string salt = core::to_hex(made.salt);
    return in
        .query_one(
            "INSERT INTO ab_test (name, dataset, definition, salt, started_at, stopped_at, winner) VALUES "
            "(:name, :dataset, :definition, :salt, :started_at, 0, 0) RETURNING id",
            {{"name", made.name},
             {"dataset", made.dataset},
             {"definition", definition},
             {"salt", salt},
             {"started_at", made.started_at}})[0]
        .int64(0);
  });
  auto kept = std::make_shared<const ab_test>(std::move(made));
  const std::lock_guard lock(mutex_);
  tests_.emplace(kept->name, kept);
  return kept;
}

std::shared_ptr<const ab_test> ab_tests::require(std::string_view name) const {
  if (const auto found = tests_.find(name); found != tests_.end()) {
    return found->second;
  }
  std::string known;
  for (const auto& [other, test] : tests_) {
    known += (known.empty() ? "there are " : ", ") + other;
  }
  throw error(errc::not_found,
              fmt::format("there is no A/B test \"{}\"; {}", name.substr(0, max_deployment_name_length),
                          known.empty() ? "there is none yet" : known));
}

std::shared_ptr<const ab_test> ab_tests::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  return require(name);
}

std::vector<std::shared_ptr<const ab_test>> ab_tests::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const ab_test>> all;
  all.reserve(tests_.size());
  for (const auto& [name, test] : tests_) {
    all.push_back(test);
  }
  return all;
}

std::shared_ptr<const ab_test> ab_tests::stop(std::string_view name, std::string_view winner) {
  const std::lock_guard turn(changing_);
  ab_test stopped = *find(name);
  if (stopped.stopped_at != 0) {
    throw error(errc::failed_precondition,
                fmt::format("A/B test \"{}\" was stopped at {}", name, core::format_iso8601(stopped.stopped_at)));
  }
  const auto arm = std::ranges::find(stopped.what.arms, winner, &ab_arm::name);
  if (arm == stopped.what.arms.end()) {
    throw error(errc::not_found,
                fmt::format("A/B test \"{}\" has no arm \"{}\"", name, winner.substr(0, max_deployment_name_length)));
  }
  stopped.winner = static_cast<std::size_t>(arm - stopped.what.arms.begin());
  stopped.stopped_at = core::now_ms();
  sql_.write([&](sql::transaction& in) {
    in.execute("UPDATE ab_test SET stopped_at = :at, winner = :winner WHERE id = :id",
               {{"at", stopped.stopped_at}, {"winner", static_cast<std::int64_t>(stopped.winner)}, {"id", stopped.id}});
  });
  auto kept = std::make_shared<const ab_test>(std::move(stopped));
  const std::lock_guard lock(mutex_);
  tests_[kept->name] = kept;
  return kept;
}

void ab_tests::remove(std::string_view name) {
  const std::lock_guard turn(changing_);
  const auto gone = find(name);
  sql_.write([&](sql::transaction& in) {
    in.execute("DELETE FROM ab_exposure WHERE test = :id", {{"id", gone->id}});
    in.execute("DELETE FROM ab_test WHERE id = :id", {{"id", gone->id}});
  });
  const std::lock_guard lock(mutex_);
  tests_.erase(gone->name);
  if (const auto known = on_record_.extract(gone->id)) {
    remembered_ -= known.mapped().size();
  }
}

void ab_tests::expose(const ab_test& in, std::size_t arm, core::subject_handle who) {
  if (in.stopped_at != 0) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = on_record_.find(in.id); known != on_record_.end() && known->second.contains(who)) {
      return;
    }
  }
  // Nothing of a test that was removed or stopped meanwhile, nor of who was erased: their key is gone.
  sql_.write([&](sql::transaction& rows) {
    if (keys_.keys_of(rows, {&who, 1}).empty() ||
        rows.query_one("SELECT id FROM ab_test WHERE id = :id AND stopped_at = 0", {{"id", in.id}}).empty()) {
      return;
    }
    rows.execute(
        "INSERT INTO ab_exposure (test, subject, arm, exposed_at) VALUES (:test, :subject, :arm, :at) ON CONFLICT DO "
        "NOTHING",
        {{"test", in.id}, {"subject", who}, {"arm", static_cast<std::int64_t>(arm)}, {"at", core::now_ms()}});
  });
  const std::lock_guard lock(mutex_);
  if (remembered_ >= max_remembered) {
    on_record_.clear();
    remembered_ = 0;
  }
  remembered_ += on_record_[in.id].insert(who).second ? 1 : 0;
}

void ab_tests::expose_asked(const ab_test& in, std::size_t arm, const answer& given,
                            const std::optional<core::subject_handle>& who) {
  if (who && given.known && !given.withheld) {
    expose(in, arm, *who);
  }
}

std::vector<ab_exposure> ab_tests::exposures(const ab_test& of) const {
  std::vector<ab_exposure> all;
  sql_.read([&](sql::connection& in) {
    in.each("SELECT subject, arm, exposed_at FROM ab_exposure WHERE test = :test", {{"test", of.id}},
            [&](const sql::row& r) {
              all.push_back({core::subject_handle(r.uint64(0)), static_cast<std::uint32_t>(r.int64(1)), r.int64(2)});
            });
  });
  return all;
}

std::vector<ab_tests::exposure_to> ab_tests::exposures_of(core::subject_handle who) const {
  std::vector<exposure_to> all;
  sql_.read([&](sql::connection& in) {
    in.each(
        "SELECT t.name, t.definition, e.arm, e.exposed_at FROM ab_exposure e JOIN ab_test t ON t.id = e.test WHERE "
        "e.subject = :subject ORDER BY e.exposed_at, t.id",
        {{"subject", who}}, [&](const sql::row& r) {
          const auto what = core::read_json<ab_definition>(r.text(1));
          all.push_back({std::string(r.text(0)), what.arms.at(static_cast<std::size_t>(r.int64(2))).name, r.int64(3)});
        });
  });
  return all;
}

std::uint64_t ab_tests::count(std::span<const core::subject_handle> people) const {
  return sql_.read([&](sql::connection& in) {
    std::uint64_t rows = 0;
    subject::in_runs(people, [&](sql::int64_list some) {
      rows +=
          in.query_one("SELECT count(*) FROM ab_exposure WHERE subject IN {int64s:some}", {{"some", some}})[0].uint64(
              0);
    });
    return rows;
  });
}

std::uint64_t ab_tests::erase(std::span<const core::subject_handle> people) {
  const std::uint64_t rows = sql_.write([&](sql::transaction& in) {
    std::uint64_t gone = 0;
    subject::in_runs(people, [&](sql::int64_list some) {
      gone += in.execute("DELETE FROM ab_exposure WHERE subject IN {int64s:some}", {{"some", some}});
    });
    return gone;
  });
  const std::lock_guard lock(mutex_);
  for (auto& [test, known] : on_record_) {
    for (const core::subject_handle who : people) {
      remembered_ -= known.erase(who);
    }
  }
  return rows;
}

std::uint64_t ab_tests::expire(std::string_view dataset, std::int64_t before,
                               std::span<const core::subject_handle> spared) {
  std::vector<std::int64_t> kept;
  kept.reserve(spared.size());
  for (const core::subject_handle who : spared) {
    kept.push_back(static_cast<std::int64_t>(who.value()));
  }
  return sql_.write([&](sql::transaction& in) {
    return in.execute(
        "DELETE FROM ab_exposure WHERE exposed_at < :before AND test IN (SELECT id FROM ab_test WHERE dataset = "
        ":dataset) AND subject NOT IN {int64s:kept}",
        {{"before", before}, {"dataset", dataset}, {"kept", sql::int64_list(kept)}});
  });
}

std::vector<core::subject_handle> ab_tests::people() const {
  std::vector<core::subject_handle> all;
  sql_.read([&](sql::connection& in) {
    in.each("SELECT DISTINCT subject FROM ab_exposure ORDER BY subject", {},
            [&](const sql::row& r) { all.emplace_back(r.uint64(0)); });
  });
  return all;
}

}  // namespace eunomia::recommend
