#include "subject/rights/desk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "core/error.h"
#include "core/file.h"
#include "core/temporary_directory.h"
#include "store/sql/test_database.h"
#include "subject/custody/own_custodian.h"
#include "subject/decision/decision_custodian.h"
#include "subject/directory.h"
#include "subject/erasure/erasures.h"
#include "subject/rights/request_table.h"

namespace eunomia::subject {
namespace {

using core::errc;

// Whose telling is the moment for something else to happen, once.
class erasing_custodian final : public nothing_to_erase {
 public:
  explicit erasing_custodian(std::function<void()> then) : then_(std::move(then)) {}
  std::string_view name() const override { return "last"; }
  std::vector<holding> describe() const override { return {}; }
  void collect(core::subject_handle, const custody_context&, collector&) const override {
    if (!std::exchange(done_, true)) {
      then_();
    }
  }

 private:
  std::function<void()> then_;
  mutable bool done_ = false;
};

class desk_on_both : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    db().migrate(directory_migrations());
    keys_ = open_vault(db(), folder_.path() / "keys");
    people_ = open_directory(db(), keys_);
    purposes_ = std::make_unique<purposes>(db());
    audit_ = std::make_unique<audit_log>(db());
    ledger_ = std::make_unique<ledger_file>(folder_.path() / "keys", keys_->keys().id());
    custodians_.add(make_subject_custodian(db(), *people_, *keys_, *purposes_, *audit_));
    decisions_ = std::make_unique<automated_decisions>(db(), *keys_);
    custodians_.add(make_decision_custodian(db(), *decisions_));
    desk_ = std::make_unique<rights_desk>(
        desk_house{db(), *keys_, *people_, *purposes_, *audit_, custodians_, *decisions_});
    erasures_ = std::make_unique<erasures>(
        erasure_house{db(), *keys_, *people_, *purposes_, *audit_, *ledger_, custodians_, folder_.path(), {}});
    ann_ = people_->resolve("user", "ann-of-the-mill");
  }
  void TearDown() override {
    erasures_.reset();
    desk_.reset();
    custodians_ = {};
    decisions_.reset();
    ledger_.reset();
    audit_.reset();
    purposes_.reset();
    people_.reset();
    keys_.reset();
    on_both_engines::TearDown();
  }

  std::filesystem::path file() const { return folder_.path() / "ann.zip"; }
  granted_archive grant(archive_scope scope, const std::filesystem::path& to) {
    return desk_->grant_archive(ann_, scope, to, actor::token("officer"), {pool_, job_});
  }
  certificate certified(std::int64_t request) {
    const auto key = core::signing_key(keys_->keys().signing_seed()).public_half();
    return verify_certificate(erasures_->certificate_of(request), {&key, 1}).content;
  }
  std::vector<std::string> log_of_ann() {
    const auto keys = db().read([&](store::sql::connection& in) { return keys_->keys_of(in, {&ann_, 1}); });
    std::vector<std::string> lines;
    for (const auto& entry : audit_->entries({.about = pseudonym_of(keys.at(ann_))})) {
      lines.push_back(entry.actor + " " + entry.action);
    }
    return lines;
  }

  core::temporary_directory folder_;
  std::shared_ptr<vault> keys_;
  std::unique_ptr<durable_directory> people_;
  std::unique_ptr<purposes> purposes_;
  std::unique_ptr<audit_log> audit_;
  std::unique_ptr<ledger_file> ledger_;
  std::unique_ptr<automated_decisions> decisions_;
  custodians custodians_;
  std::unique_ptr<rights_desk> desk_;
  std::unique_ptr<erasures> erasures_;
  core::subject_handle ann_;
  core::thread_pool pool_{1};
  core::job job_;
};
EUNOMIA_ON_BOTH_ENGINES(desk_on_both);

TEST_P(desk_on_both, an_archive_is_a_request_on_record_and_certified) {
  const auto granted = grant(archive_scope::access, file());
  const rights_request kept = erasures_->find(granted.request.id);
  EXPECT_EQ(kept.right, certified_right::access);
  EXPECT_NE(kept.completed_at, 0);
  EXPECT_EQ(kept.deadline, one_month_after(kept.requested_at));
  EXPECT_EQ(kept.requested_by, "token officer");
  EXPECT_EQ(log_of_ann(),
            (std::vector<std::string>{"token officer access.requested", "token officer access.completed"}));
  const certificate proof = certified(granted.request.id);
  EXPECT_EQ(proof.request.right, certified_right::access);
  ASSERT_EQ(proof.steps.size(), 1U);
  EXPECT_EQ(proof.steps[0].count, granted.archive.rows);
  core::blake2b_hasher digest;
  digest.update(core::as_bytes(core::read_file(file())));
  EXPECT_NE(proof.steps[0].details.find(core::to_hex(digest.finish())), std::string::npos);
  EXPECT_EQ(grant(archive_scope::portability, file()).request.right, certified_right::portability);
}

TEST_P(desk_on_both, a_link_is_on_record_under_the_pseudonym_with_its_space_only) {
  EXPECT_TRUE(desk_->link(ann_, "email", "ann@example.org", actor::token("officer")));
  EXPECT_FALSE(desk_->link(ann_, "email", "ann@example.org", actor::token("officer")));
  EXPECT_EQ(people_->find("email", "ann@example.org"), ann_);
  EXPECT_EQ(log_of_ann(), std::vector<std::string>{"token officer identifier.linked"});
  EXPECT_EQ(audit_->entries({}).at(0).details, R"({"space":"email"})");
  people_->resolve("email", "bob@example.org");
  EXPECT_THROW(desk_->link(ann_, "email", "bob@example.org", actor::system()), core::error);
  EXPECT_EQ(audit_->entries({}).size(), 1U) << "what is refused leaves no entry";
  EXPECT_TRUE(erasures_->list(0, 10).empty()) << "it is no request";
}

TEST_P(desk_on_both, many_links_are_one_transaction_with_an_entry_each) {
  const core::subject_handle bob = people_->resolve("user", "bob-of-many-links");
  const std::vector<rights_desk::new_identifier> links = {
      {ann_, "ann@example.org"}, {bob, "bob@example.org"}, {core::subject_handle(999'999), "nobody@example.org"}};
  EXPECT_EQ(desk_->link_all(links, "email", actor::token("officer")), 2U);
  EXPECT_EQ(people_->find("email", "ann@example.org"), ann_);
  EXPECT_EQ(people_->find("email", "bob@example.org"), bob);
  EXPECT_FALSE(people_->find("email", "nobody@example.org"));
  EXPECT_EQ(log_of_ann(), std::vector<std::string>{"token officer identifier.linked"});
  EXPECT_EQ(desk_->link_all(links, "email", actor::token("officer")), 0U) << "they name them already";
  EXPECT_EQ(audit_->entries({}).size(), 2U);
  const std::vector<rights_desk::new_identifier> taken = {{ann_, "second@example.org"}, {ann_, "bob@example.org"}};
  EXPECT_THROW(desk_->link_all(taken, "email", actor::system()), core::error);
  EXPECT_FALSE(people_->find("email", "second@example.org")) << "all or nothing";
}

TEST_P(desk_on_both, who_is_linked_is_rectified_and_erased_by_any_of_their_identifiers) {
  desk_->link(ann_, "email", "ann@example.org", actor::system());
  desk_->rectify(
      ann_, actor::system(), [] { return std::vector<certificate_step>(); },
      right_identifier{"email", "ann@example.org", "anne@example.org"});
  EXPECT_FALSE(people_->find("email", "ann@example.org"));
  EXPECT_EQ(people_->find("email", "anne@example.org"), ann_);
  const core::subject_handle found = people_->find("email", "anne@example.org").value();
  const auto asked = erasures_->begin({&found, 1}, actor::system(), {pool_, job_});
  EXPECT_FALSE(people_->find("user", "ann-of-the-mill"));
  EXPECT_FALSE(people_->find("email", "anne@example.org"));
  EXPECT_EQ(asked.steps.at(0).what, "identifiers");
  EXPECT_EQ(asked.steps.at(0).count, 2U);
}

TEST_P(desk_on_both, a_rectification_is_a_request_on_record_and_certified) {
  const auto rectify = [&](const std::function<std::vector<certificate_step>()>& change,
                           const std::optional<right_identifier>& identifier) {
    return desk_->rectify(ann_, actor::token("officer"), change, identifier);
  };
  const std::vector<certificate_step> steps = {{"notebook", "notes", "file", {}, 2, "as they were given", {}, {}, 0}};
  // What stands in the way stays with the request, and who asks again continues it.
  EXPECT_THROW(rectify([]() -> std::vector<certificate_step> { throw core::error(errc::unavailable, "not now"); }, {}),
               core::error);
  const rights_request waiting = erasures_->list(0, 1).at(0);
  EXPECT_EQ(waiting.right, certified_right::rectification);
  EXPECT_EQ(waiting.obstacle, "not now");
  const rights_request done = rectify([&] { return steps; }, right_identifier{"user", "ann-of-the-mill", "anne"});
  EXPECT_EQ(done.id, waiting.id);
  EXPECT_TRUE(done.certified);
  EXPECT_EQ(people_->find("user", "anne"), ann_);
  EXPECT_FALSE(people_->find("user", "ann-of-the-mill"));
  const certificate proof = certified(done.id);
  EXPECT_EQ(proof.request.right, certified_right::rectification);
  ASSERT_EQ(proof.steps.size(), 2U);
  EXPECT_EQ(proof.steps[0].what, "notes");
  EXPECT_EQ(proof.steps[1].what, "identifier in space \"user\"");
  EXPECT_EQ(log_of_ann(), (std::vector<std::string>{"token officer rectification.requested",
                                                    "token officer rectification.completed"}));
  // Somebody else's identifier is not taken: neither request nor identifier is left half-done.
  people_->resolve("user", "bob");
  EXPECT_THROW(rectify([&] { return steps; }, right_identifier{"user", "anne", "bob"}), core::error);
  EXPECT_EQ(people_->find("user", "anne"), ann_);
  EXPECT_EQ(erasures_->list(0, 1).at(0).completed_at, 0);
}

TEST_P(desk_on_both, what_cannot_be_written_waits_and_is_continued_by_who_asks_again) {
  EXPECT_THROW(grant(archive_scope::access, folder_.path() / "absent" / "ann.zip"), core::error);
  const rights_request waiting = erasures_->list(0, 1).at(0);
  EXPECT_EQ(waiting.completed_at, 0);
  EXPECT_EQ(waiting.attempts, 1U);
  EXPECT_NE(waiting.obstacle, "");
  EXPECT_FALSE(erasures_->wait_since()) << "it is no erasure";
  const auto granted = grant(archive_scope::access, file());
  EXPECT_EQ(granted.request.id, waiting.id);
  EXPECT_EQ(granted.request.deadline, waiting.deadline);
  EXPECT_EQ(erasures_->find(waiting.id).obstacle, "");
  EXPECT_NE(grant(archive_scope::access, file()).request.id, waiting.id) << "that one was granted";
}

TEST_P(desk_on_both, an_archive_that_could_not_be_put_on_record_is_not_left_behind) {
  // The erasure comes between the last row of the archive and its record.
  custodians_.add(std::make_unique<erasing_custodian>([this] {
    erasures_->begin({&ann_, 1}, actor::system(), {pool_, job_});
  }));
  EXPECT_THROW(grant(archive_scope::access, file()), core::error);
  EXPECT_FALSE(std::filesystem::exists(file()));
  for (const rights_request& one : erasures_->list(0, 10)) {
    EXPECT_EQ(one.attempts, 0U);
    EXPECT_EQ(one.completed_at == 0, one.right == certified_right::erasure);
  }
}

TEST_P(desk_on_both, an_objection_and_a_restriction_are_requests_and_what_takes_them_back_is_on_record) {
  const core::purpose about("recommendation");
  const auto by = actor::token("officer");
  const auto objected = desk_->choose(ann_, about, choice::object, by);
  ASSERT_TRUE(objected);
  EXPECT_TRUE(purposes_->refusal_of(ann_, about));
  EXPECT_FALSE(purposes_->admission_for(about)->admits(ann_));
  EXPECT_EQ(erasures_->find(objected->id).right, certified_right::objection);
  EXPECT_NE(erasures_->find(objected->id).completed_at, 0);
  EXPECT_EQ(certified(objected->id).steps.at(0).what, "purpose \"recommendation\"");
  EXPECT_FALSE(desk_->choose(ann_, about, choice::object, by)) << "it stood already";
  EXPECT_FALSE(desk_->choose(ann_, about, choice::withdraw_objection, by));
  EXPECT_TRUE(purposes_->admission_for(about)->admits(ann_));
  const auto restricted = desk_->choose(ann_, std::nullopt, choice::restrict, by);
  ASSERT_TRUE(restricted);
  EXPECT_EQ(certified(restricted->id).steps.at(0).what, "every purpose");
  EXPECT_EQ(log_of_ann(),
            (std::vector<std::string>{"token officer choice.object", "token officer choice.withdraw_objection",
                                      "token officer choice.restrict"}));
  core::job job;
  const auto key = core::signing_key(keys_->keys().signing_seed()).public_half();
  const audit_anchor anchor = anchor_of(certified(restricted->id), *audit_);
  audit_->verify({&key, 1}, job, {&anchor, 1});
}

TEST_P(desk_on_both, a_refused_choice_leaves_no_request) {
  EXPECT_THROW(desk_->choose(ann_, core::purpose("unheard-of"), choice::object, actor::system()), core::error);
  EXPECT_TRUE(erasures_->list(0, 10).empty());
  EXPECT_TRUE(log_of_ann().empty());
}

TEST_P(desk_on_both, an_erasure_ends_what_waits_of_the_person) {
  EXPECT_THROW(grant(archive_scope::access, folder_.path() / "absent" / "ann.zip"), core::error);
  const std::int64_t waiting = erasures_->list(0, 1).at(0).id;
  desk_->choose(ann_, core::purpose("recommendation"), choice::object, actor::system());
  const auto gone = erasures_->begin({&ann_, 1}, actor::system(), {pool_, job_});
  EXPECT_NE(erasures_->find(waiting).completed_at, 0);
  EXPECT_NE(erasures_->find(waiting).obstacle.find("erased"), std::string::npos);
  EXPECT_THROW(erasures_->certificate_of(waiting), core::error);
  db().read([&](store::sql::connection& in) {
    EXPECT_EQ(in.query_one("SELECT handles FROM subject_request WHERE id = :id", {{"id", waiting}})[0].text(0), "[]");
  });
  ASSERT_EQ(erasures_->finish({pool_, job_}).size(), 1U);
  EXPECT_TRUE(erasures_->find(gone.id).certified);
}

TEST_P(desk_on_both, a_review_waits_for_a_human_and_what_they_say_is_certified) {
  const core::purpose about("recommendation");
  const decision_content content{"recommender \"shop\", version 1 (ease)", "token shop", {}, {}};
  const std::int64_t decision = decisions_->keep(ann_, about, content);
  const auto officer = actor::token("officer");
  const auto asked = desk_->ask_for_review(ann_, decision, "", officer);
  EXPECT_EQ(asked.right, certified_right::human_review);
  EXPECT_EQ(asked.deadline, one_month_after(asked.requested_at));
  EXPECT_EQ(erasures_->find(asked.id).completed_at, 0);
  EXPECT_THROW(erasures_->certificate_of(asked.id), core::error) << "it waits for a human";
  EXPECT_EQ(desk_->ask_for_review(ann_, decision, "I never drink tea.", officer).id, asked.id);
  EXPECT_EQ(desk_->ask_for_review(ann_, decision, "", officer).id, asked.id);
  EXPECT_EQ(decisions_->find_review(asked.id).review.statement, "I never drink tea.");
  EXPECT_THROW(desk_->answer_review(asked.id, {review_verdict::upheld, "Customer care", ""}, officer), core::error);
  EXPECT_EQ(erasures_->find(asked.id).completed_at, 0) << "nothing was answered";

  const auto done =
      desk_->answer_review(asked.id, {review_verdict::annulled, "Customer care", "You are right."}, officer);
  EXPECT_NE(done.completed_at, 0);
  EXPECT_EQ(decisions_->find_review(asked.id).review.answer->reasons, "You are right.");
  const certificate proof = certified(asked.id);
  EXPECT_EQ(proof.request.right, certified_right::human_review);
  EXPECT_EQ(proof.steps.at(0).details, "by a human: annulled");
  EXPECT_EQ(log_of_ann(),
            (std::vector<std::string>{"token officer human_review.requested", "token officer human_review.completed"}));
  EXPECT_THROW(desk_->answer_review(asked.id, {review_verdict::upheld, "Customer care", "No."}, officer), core::error);
  EXPECT_NE(desk_->ask_for_review(ann_, decision, "Again.", officer).id, asked.id) << "a new request";
}

TEST_P(desk_on_both, a_review_is_of_a_decision_about_the_person_and_goes_with_them) {
  const core::purpose about("recommendation");
  const auto ben = people_->resolve("user", "ben");
  const std::int64_t bens = decisions_->keep(ben, about, {"a model", "token shop", {}, {}});
  EXPECT_THROW(desk_->ask_for_review(ann_, bens, "", actor::system()), core::error);
  EXPECT_TRUE(erasures_->list(0, 10).empty());
  const std::int64_t anns = decisions_->keep(ann_, about, {"a model", "token shop", {}, {}});
  const auto asked = desk_->ask_for_review(ann_, anns, "Why?", actor::system());
  const auto gone = erasures_->begin({&ann_, 1}, actor::system(), {pool_, job_});
  EXPECT_NE(erasures_->find(asked.id).completed_at, 0);
  EXPECT_TRUE(decisions_->waiting(10).empty()) << "nobody can be answered any more";
  EXPECT_THROW(desk_->answer_review(asked.id, {review_verdict::upheld, "care", "No."}, actor::system()), core::error);
  ASSERT_EQ(erasures_->finish({pool_, job_}).size(), 1U);
  const certificate proof = certified(gone.id);
  EXPECT_TRUE(std::ranges::any_of(
      proof.steps, [](const certificate_step& step) { return step.custodian == "decisions" && step.count == 2; }));
  EXPECT_EQ(decisions_->list(ben, 0, 10).size(), 1U);
}

TEST_P(desk_on_both, who_was_erased_meanwhile_is_refused) {
  erasures_->begin({&ann_, 1}, actor::system(), {pool_, job_});
  EXPECT_THROW(grant(archive_scope::access, file()), core::error);
  EXPECT_THROW(desk_->choose(ann_, core::purpose("recommendation"), choice::object, actor::system()), core::error);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace eunomia::subject
