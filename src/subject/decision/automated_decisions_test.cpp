#include "subject/decision/automated_decisions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "core/json.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"
#include "subject/custody/testing.h"
#include "subject/decision/decision_custodian.h"
#include "subject/directory.h"
#include "subject/retention/rules.h"
#include "subject/rights/request_table.h"

namespace eunomia::subject {
namespace {

using core::errc;
using core::subject_handle;
namespace sql = store::sql;
using rows = std::vector<std::vector<std::string>>;

class automated_decisions_test : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    db().migrate(directory_migrations());
    keys_ = open_vault(db(), folder_.path() / "keys");
    people_ = open_directory(db(), keys_);
    kept_ = std::make_unique<automated_decisions>(db(), *keys_);
    custodian_ = make_decision_custodian(db(), *kept_);
    ann_ = people_->resolve("user", "ann");
    ben_ = people_->resolve("user", "ben");
  }
  void TearDown() override {
    custodian_.reset();
    kept_.reset();
    people_.reset();
    keys_.reset();
    on_both_engines::TearDown();
  }

  static decision_content content(const std::string& item) {
    return {"recommender \"shop\", version 3 (ease)", "token shop frontend",
            core::parse_json("{\"items\":[\"" + item + "\"]}"), core::parse_json(R"({"because":["red-teapot"]})")};
  }
  std::int64_t keep(subject_handle who, const std::string& item, const std::string& purpose = "recommendation") {
    return kept_->keep(who, core::purpose(purpose), content(item));
  }
  // A request, as rights_desk makes it.
  std::int64_t ask(subject_handle who, std::int64_t decision, const std::string& statement) {
    return db().write([&](sql::transaction& in) {
      rights_request made;
      made.right = certified_right::human_review;
      made.requested_at = 1'700'000'000'000;
      made.deadline = 1'702'592'000'000;
      request_table::open_case of;
      of.people = {who};
      const std::int64_t id = request_table::insert(in, made, of);
      kept_->ask(in, id, who, decision, statement);
      return id;
    });
  }
  void answer(std::int64_t request) {
    db().write([&](sql::transaction& in) {
      kept_->answer(in, request, {review_verdict::changed, "Customer care", "Ann gets the offer."}, 1'700'000'111'000);
    });
  }
  void backdate(std::int64_t decision, std::int64_t made_at) {
    db().write([&](sql::transaction& in) {
      in.execute("UPDATE automated_decision SET made_at = :at WHERE id = :id", {{"at", made_at}, {"id", decision}});
    });
  }
  std::vector<certificate_step> expire(const retention_rules& rules) {
    std::vector<certificate_step> done;
    custodian_->expire(rules, {pool_, job_}, done);
    return done;
  }
  std::uint64_t held(std::vector<subject_handle> people) {
    return db().read([&](sql::connection& in) { return kept_->count(in, people); });
  }
  template <class Call>
  static void refused(errc code, const Call& call) {
    try {
      call();
      ADD_FAILURE() << "was not refused";
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
    }
  }

  core::temporary_directory folder_;
  core::thread_pool pool_{1};
  core::job job_;
  std::shared_ptr<vault> keys_;
  std::unique_ptr<durable_directory> people_;
  std::unique_ptr<automated_decisions> kept_;
  std::unique_ptr<custodian> custodian_;
  subject_handle ann_;
  subject_handle ben_;
};
EUNOMIA_ON_BOTH_ENGINES(automated_decisions_test);

TEST_P(automated_decisions_test, are_kept_sealed_and_listed_newest_first) {
  const std::int64_t first = keep(ann_, "one");
  keep(ben_, "other");
  const std::int64_t second = keep(ann_, "two");
  const auto all = kept_->list(ann_, 0, 10);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].id, second);
  EXPECT_EQ(all[0].about, ann_);
  EXPECT_EQ(all[0].purpose, "recommendation");
  EXPECT_EQ(core::write_json(all[0].content.outcome), R"({"items":["two"]})");
  EXPECT_EQ(all[0].content.asked_by, "token shop frontend");
  const auto before = kept_->list(ann_, second, 1);
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].id, first);
  refused(errc::invalid_argument, [&] { kept_->list(ann_, 0, 0); });
  refused(errc::invalid_argument, [&] { kept_->list(ann_, 0, automated_decisions::max_page + 1); });
  db().read([&](sql::connection& in) {
    in.each("SELECT content FROM automated_decision", {}, [](const sql::row& r) {
      EXPECT_EQ(r.text(0).find("teapot"), std::string_view::npos);
      EXPECT_EQ(r.text(0).find("items"), std::string_view::npos);
    });
  });
}

TEST_P(automated_decisions_test, sealed_bytes_that_were_moved_do_not_open) {
  const std::int64_t first = keep(ann_, "one");
  backdate(first, 1);
  refused(errc::corrupt, [&] { kept_->list(ann_, 0, 10); });
}

TEST_P(automated_decisions_test, nothing_is_kept_of_who_is_gone_nor_beyond_the_limit) {
  refused(errc::invalid_argument, [&] { keep(ann_, std::string(automated_decisions::max_content_bytes, 'x')); });
  db().write([&](sql::transaction& in) { people_->erase(in, ann_); });
  refused(errc::not_found, [&] { keep(ann_, "one"); });
  EXPECT_EQ(held({ann_, ben_}), 0U);
}

TEST_P(automated_decisions_test, a_review_has_what_the_person_says_and_what_the_human_answers) {
  const std::int64_t decision = keep(ann_, "one");
  const std::int64_t request = ask(ann_, decision, "I never drink tea.");
  ASSERT_EQ(kept_->waiting(10).size(), 1U);
  EXPECT_EQ(kept_->waiting(10)[0].statement, "I never drink tea.");
  EXPECT_EQ(kept_->waiting(10)[0].deadline, 1'702'592'000'000);
  const auto found = kept_->find_review(request);
  EXPECT_EQ(found.decision.id, decision);
  EXPECT_FALSE(found.review.answer);
  for (const review_answer& bad :
       {review_answer{review_verdict::upheld, "", "why"}, review_answer{review_verdict::upheld, "who\n", "why"},
        review_answer{review_verdict::upheld, "who", ""},
        review_answer{review_verdict::upheld, "who", std::string(automated_decisions::max_words_bytes + 1, 'x')}}) {
    refused(errc::invalid_argument,
            [&] { db().write([&](sql::transaction& in) { kept_->answer(in, request, bad, 1); }); });
  }
  answer(request);
  EXPECT_TRUE(kept_->waiting(10).empty());
  const auto answered = kept_->reviews_of(ann_);
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_EQ(answered[0].statement, "I never drink tea.");
  ASSERT_TRUE(answered[0].answer);
  EXPECT_EQ(answered[0].answer->reasons, "Ann gets the offer.");
  EXPECT_EQ(answered[0].answer->verdict, review_verdict::changed);
  EXPECT_EQ(answered[0].answered_at, 1'700'000'111'000);
  refused(errc::failed_precondition, [&] { answer(request); });
  refused(errc::not_found, [&] { answer(request + 1); });
  refused(errc::not_found, [&] { kept_->find_review(request + 1); });
}

TEST_P(automated_decisions_test, the_custodian_tells_and_erases_both) {
  const std::int64_t decision = keep(ann_, "one");
  const std::int64_t request = ask(ann_, decision, "No.");
  const std::int64_t others = keep(ben_, "two");
  testing::recording_collector told;
  custodian_->collect(ann_, {pool_, job_}, told);
  ASSERT_EQ(told.part("decisions").rows.size(), 1U);
  EXPECT_EQ(told.part("decisions").rows[0][0], std::to_string(decision));
  EXPECT_EQ(told.part("decisions").rows[0][5], R"({"items":["one"]})");
  EXPECT_EQ(told.part("reviews").rows, (rows{{std::to_string(decision), std::to_string(request), "1700000000000",
                                              "1702592000000", "No.", "-", "-", "-", "-"}}));
  answer(request);
  testing::recording_collector later;
  custodian_->collect(ann_, {pool_, job_}, later);
  EXPECT_EQ(later.part("reviews").rows[0][6], "changed");
  for (const auto& place : custodian_->describe()) {
    EXPECT_TRUE(later.seen.contains(place_held{place.kind, place.place})) << place.place;
  }

  const std::vector<subject_handle> gone = {ann_};
  const auto found = custodian_->find(gone, {pool_, job_});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].count, 2U);
  std::vector<certificate_step> done;
  custodian_->erase(gone, {pool_, job_}, done);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].what, found[0].what);
  EXPECT_EQ(done[0].store, found[0].store);
  EXPECT_EQ(done[0].count, 2U);
  EXPECT_TRUE(custodian_->find(gone, {pool_, job_}).empty());
  EXPECT_EQ(kept_->list(ben_, 0, 10).at(0).id, others);
}

TEST_P(automated_decisions_test, what_is_past_its_time_leaves_unless_somebody_waits_for_a_review) {
  const std::int64_t now = 1'700'000'000'000;
  purpose_definition defined{core::purpose("recommendation")};
  defined.retention_days = 30;
  const subject_handle restricted = people_->resolve("user", "cat");
  const retention_rules rules({&defined, 1}, {restricted}, now);
  const std::int64_t old = now - 31 * core::milliseconds_per_day;
  const std::int64_t reviewed = keep(ann_, "reviewed");
  const std::int64_t waits = keep(ann_, "waits");
  answer(ask(ann_, reviewed, ""));
  ask(ann_, waits, "");
  const std::int64_t stays = keep(restricted, "restricted");
  const std::int64_t unlimited = keep(ben_, "of another purpose", "fraud");
  for (const std::int64_t decision : {reviewed, waits, stays, unlimited}) {
    backdate(decision, old);
  }
  const auto done = expire(rules);
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].count, 2U) << "a decision and its review";
  EXPECT_TRUE(expire(rules).empty());
  EXPECT_EQ(held({ann_}), 2U);
  EXPECT_EQ(held({ben_}), 1U);
  EXPECT_EQ(held({restricted}), 1U);
  const subject_handle nobody = people_->resolve("user", "dan");
  std::vector<subject_handle> people = {ann_, ben_, restricted, nobody};
  std::ranges::sort(people);
  custodian_->leave_out_held(people, {pool_, job_});
  EXPECT_EQ(people, std::vector<subject_handle>{nobody});
}

}  // namespace
}  // namespace eunomia::subject
