#include "subject/purpose/purposes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include "store/sql/lossy_database.h"
#include "store/sql/test_database.h"

namespace eunomia::subject {
namespace {

using core::errc;
using core::refusal;
using core::subject_handle;
using store::sql::code_thrown_by;
using store::sql::message_thrown_by;
namespace sql = store::sql;

const core::purpose recommendation("recommendation");
const core::purpose newsletter("newsletter");
const core::purpose billing("billing");
constexpr subject_handle alice(1);
constexpr subject_handle bob(2);

purpose_definition definition(const core::purpose& name, lawful_basis basis) {
  return {.name = name, .basis = basis, .notice = "What we do with it."};
}

class purposes_test : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      purposes_ = std::make_unique<purposes>(db());
    }
  }
  void TearDown() override { purposes_.reset(); }

  // As another start of the process would.
  void reopen() {
    purposes_.reset();
    purposes_ = std::make_unique<purposes>(db());
  }
  purposes& all() { return *purposes_; }
  bool admits(subject_handle who, const core::purpose& why) { return all().admission_for(why)->admits(who); }
  std::int64_t count(const std::string& table) {
    return db().read([&](sql::connection& in) { return in.query_one("SELECT count(*) FROM " + table)[0].int64(0); });
  }

 private:
  std::unique_ptr<purposes> purposes_;
};

EUNOMIA_ON_BOTH_ENGINES(purposes_test);

TEST_P(purposes_test, recommendation_is_defined_by_the_first_start_and_stays_as_it_was_redefined) {
  EXPECT_EQ(all().find("recommendation").basis, lawful_basis::legitimate_interests);
  EXPECT_FALSE(all().find("recommendation").notice.empty());
  all().redefine(definition(recommendation, lawful_basis::consent));
  reopen();
  EXPECT_EQ(all().find("recommendation").basis, lawful_basis::consent);
  EXPECT_EQ(all().find("recommendation").version, 2);
  EXPECT_EQ(all().list().size(), 1U);
}

TEST_P(purposes_test, a_definition_is_kept_as_it_was_given) {
  purpose_definition wanted = definition(newsletter, lawful_basis::consent);
  wanted.special_categories = special_category_basis::health_or_social_care;
  wanted.retention_days = 730;
  const auto made = all().define(wanted);
  const auto found = all().find("newsletter");
  EXPECT_EQ(found.basis, lawful_basis::consent);
  EXPECT_EQ(found.special_categories, special_category_basis::health_or_social_care);
  EXPECT_EQ(found.retention_days, 730);
  EXPECT_EQ(found.notice, wanted.notice);
  EXPECT_EQ(found.version, 1);
  EXPECT_EQ(found.created_at, made.created_at);
  EXPECT_EQ(code_thrown_by([&] { all().define(wanted); }), errc::already_exists);
}

TEST_P(purposes_test, a_definition_that_cannot_be_is_refused) {
  purpose_definition wanted = definition(newsletter, lawful_basis::consent);
  wanted.notice.clear();
  EXPECT_EQ(code_thrown_by([&] { all().define(wanted); }), errc::invalid_argument);
  wanted.notice.assign(max_notice_bytes + 1, 'x');
  EXPECT_NE(message_thrown_by([&] { all().define(wanted); }).find("max_notice_bytes"), std::string::npos);
  wanted.notice = "\xff";
  EXPECT_EQ(code_thrown_by([&] { all().define(wanted); }), errc::invalid_argument);
  wanted.notice = "Something.";
  wanted.retention_days = 0;
  EXPECT_EQ(code_thrown_by([&] { all().define(wanted); }), errc::invalid_argument);
  wanted.retention_days = {};
  wanted.name = core::purpose::rights_of_the_data_subject();
  EXPECT_EQ(code_thrown_by([&] { all().define(wanted); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { all().redefine(definition(newsletter, lawful_basis::consent)); }), errc::not_found);
  EXPECT_EQ(code_thrown_by([] { lawful_basis_named("because"); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([] { special_category_basis_of("k"); }), errc::invalid_argument);
}

TEST_P(purposes_test, nothing_is_read_for_a_purpose_that_is_not_defined) {
  EXPECT_NE(message_thrown_by([&] { all().admission_for(newsletter); }).find("purposes define"), std::string::npos);
  EXPECT_EQ(code_thrown_by([&] { all().admission_for(newsletter); }), errc::permission_denied);
  EXPECT_EQ(code_thrown_by([&] { all().refusal_of(alice, newsletter); }), errc::permission_denied);
}

TEST_P(purposes_test, an_objection_leaves_somebody_out_until_it_is_withdrawn) {
  EXPECT_TRUE(all().admission_for(recommendation)->admits_everybody());
  all().choose(alice, recommendation, choice::object);
  EXPECT_FALSE(admits(alice, recommendation));
  EXPECT_TRUE(admits(bob, recommendation));
  EXPECT_EQ(all().refusal_of(alice, recommendation), refusal::objection);
  EXPECT_EQ(all().refusal_of(bob, recommendation), std::nullopt);
  reopen();
  EXPECT_FALSE(admits(alice, recommendation));
  all().choose(alice, recommendation, choice::withdraw_objection);
  EXPECT_TRUE(all().admission_for(recommendation)->admits_everybody());
}

TEST_P(purposes_test, an_objection_is_of_one_purpose) {
  all().define(definition(newsletter, lawful_basis::legitimate_interests));
  all().choose(alice, newsletter, choice::object);
  EXPECT_FALSE(admits(alice, newsletter));
  EXPECT_TRUE(admits(alice, recommendation));
}

TEST_P(purposes_test, consent_lets_in_and_its_withdrawal_takes_out) {
  all().define(definition(newsletter, lawful_basis::consent));
  EXPECT_FALSE(admits(alice, newsletter));
  EXPECT_FALSE(all().admission_for(newsletter)->admits_newcomers());
  EXPECT_EQ(all().refusal_of(alice, newsletter), refusal::no_consent);
  all().choose(alice, newsletter, choice::consent);
  EXPECT_TRUE(admits(alice, newsletter));
  EXPECT_FALSE(admits(bob, newsletter));
  reopen();
  EXPECT_TRUE(admits(alice, newsletter));
  all().choose(alice, newsletter, choice::withdraw_consent);
  EXPECT_FALSE(admits(alice, newsletter));
}

TEST_P(purposes_test, a_restriction_is_of_one_purpose_or_of_all_those_to_come_included) {
  all().define(definition(billing, lawful_basis::contract));
  all().choose(alice, billing, choice::restrict);
  EXPECT_FALSE(admits(alice, billing));
  EXPECT_TRUE(admits(alice, recommendation));
  all().choose(alice, std::nullopt, choice::restrict);
  EXPECT_FALSE(admits(alice, recommendation));
  all().define(definition(newsletter, lawful_basis::legitimate_interests));
  EXPECT_FALSE(admits(alice, newsletter));
  EXPECT_EQ(all().refusal_of(alice, newsletter), refusal::restriction);
  all().choose(alice, std::nullopt, choice::lift_restriction);
  EXPECT_TRUE(admits(alice, newsletter));
  EXPECT_TRUE(admits(alice, recommendation));
  EXPECT_FALSE(admits(alice, billing));
}

TEST_P(purposes_test, a_restriction_outweighs_consent) {
  all().define(definition(newsletter, lawful_basis::consent));
  all().choose(alice, newsletter, choice::consent);
  all().choose(alice, std::nullopt, choice::restrict);
  EXPECT_FALSE(admits(alice, newsletter));
  EXPECT_EQ(all().refusal_of(alice, newsletter), refusal::restriction);
  reopen();
  EXPECT_FALSE(admits(alice, newsletter));
}

TEST_P(purposes_test, an_objection_outlives_another_lawful_basis) {
  all().choose(alice, recommendation, choice::object);
  all().redefine(definition(recommendation, lawful_basis::contract));
  EXPECT_FALSE(admits(alice, recommendation));
  EXPECT_TRUE(admits(bob, recommendation));
  all().redefine(definition(recommendation, lawful_basis::consent));
  EXPECT_FALSE(admits(bob, recommendation));
}

TEST_P(purposes_test, the_rights_of_the_data_subject_admit_everybody_whatever_they_chose) {
  all().choose(alice, std::nullopt, choice::restrict);
  EXPECT_TRUE(admits(alice, core::purpose::rights_of_the_data_subject()));
  EXPECT_EQ(all().refusal_of(alice, core::purpose::rights_of_the_data_subject()), std::nullopt);
}

TEST_P(purposes_test, a_choice_that_the_lawful_basis_does_not_know_is_refused_with_what_to_do) {
  all().define(definition(billing, lawful_basis::contract));
  all().define(definition(newsletter, lawful_basis::consent));
  EXPECT_EQ(code_thrown_by([&] { all().choose(alice, billing, choice::object); }), errc::failed_precondition);
  EXPECT_NE(message_thrown_by([&] { all().choose(alice, newsletter, choice::object); }).find("withdraw the consent"),
            std::string::npos);
  EXPECT_EQ(code_thrown_by([&] { all().choose(alice, recommendation, choice::consent); }), errc::failed_precondition);
  EXPECT_EQ(code_thrown_by([&] { all().choose(alice, std::nullopt, choice::object); }), errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { all().choose(subject_handle(), recommendation, choice::object); }),
            errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { all().choose(alice, core::purpose("unheard-of"), choice::object); }), errc::not_found);
  EXPECT_EQ(count("purpose_choice"), 0);
  EXPECT_EQ(count("purpose_choice_evidence"), 0);
}

TEST_P(purposes_test, what_somebody_told_us_is_kept_with_the_notice_they_saw) {
  all().define(definition(newsletter, lawful_basis::consent));
  all().choose(alice, newsletter, choice::consent);
  all().choose(alice, newsletter, choice::consent);  // says nothing new
  all().redefine(definition(newsletter, lawful_basis::consent));
  all().choose(alice, newsletter, choice::consent);
  all().choose(alice, newsletter, choice::withdraw_consent);
  const auto told = all().evidence_of(alice);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].made, choice::consent);
  EXPECT_EQ(told[0].purpose_version, 1);
  EXPECT_EQ(told[1].purpose_version, 2);
  EXPECT_EQ(told[2].made, choice::withdraw_consent);
  EXPECT_LE(told[0].chosen_at, told[2].chosen_at);
  const auto now = all().choices_of(alice);
  ASSERT_EQ(now.size(), 1U);
  EXPECT_EQ(now[0].about, newsletter);
  EXPECT_EQ(now[0].kind, choice_kind::consent);
  EXPECT_FALSE(now[0].stands);
}

TEST_P(purposes_test, beyond_the_limit_of_evidence_permission_is_taken_away_and_not_given) {
  db().write([&](sql::transaction& in) {
    const std::vector<std::int64_t> who(max_evidence_of_a_subject, static_cast<std::int64_t>(alice.value()));
    const std::vector<std::int64_t> times(who.size(), 1);
    const std::vector<std::string_view> made(who.size(), "object");
    in.insert_many("purpose_choice_evidence",
                   {{"subject", std::span(who)}, {"choice", std::span(made)}, {"chosen_at", std::span(times)}});
  });
  all().choose(alice, recommendation, choice::object);
  EXPECT_FALSE(admits(alice, recommendation));
  EXPECT_NE(message_thrown_by([&] {
              all().choose(alice, recommendation, choice::withdraw_objection);
            }).find("max_evidence_of_a_subject"),
            std::string::npos);
}

TEST_P(purposes_test, an_erasure_leaves_nothing_of_a_person) {
  all().choose(alice, recommendation, choice::object);
  all().choose(alice, std::nullopt, choice::restrict);
  all().choose(bob, recommendation, choice::object);
  db().write([&](sql::transaction& in) { EXPECT_EQ(all().erase(in, {&alice, 1}), 4U); });
  all().refresh({&alice, 1});
  EXPECT_TRUE(admits(alice, recommendation));
  EXPECT_FALSE(admits(bob, recommendation));
  EXPECT_TRUE(all().choices_of(alice).empty());
  EXPECT_TRUE(all().evidence_of(alice).empty());
  EXPECT_EQ(count("purpose_choice_evidence"), 1);
}

TEST_P(purposes_test, random_choices_agree_with_a_model_before_and_after_a_restart) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  all().define(definition(newsletter, lawful_basis::consent));
  constexpr std::uint64_t people = 12;
  std::map<std::uint64_t, bool> consented, objected, restricted, restricted_of_recommendation;
  for (int round = 0; round < 120; ++round) {
    const std::uint64_t who = 1 + random() % people;
    const bool yes = random() % 2 == 0;
    switch (random() % 4) {
      case 0:
        all().choose(subject_handle(who), newsletter, yes ? choice::consent : choice::withdraw_consent);
        consented[who] = yes;
        break;
      case 1:
        all().choose(subject_handle(who), recommendation, yes ? choice::object : choice::withdraw_objection);
        objected[who] = yes;
        break;
      case 2:
        all().choose(subject_handle(who), std::nullopt, yes ? choice::restrict : choice::lift_restriction);
        restricted[who] = yes;
        break;
      default:
        all().choose(subject_handle(who), recommendation, yes ? choice::restrict : choice::lift_restriction);
        restricted_of_recommendation[who] = yes;
    }
    if (round == 119) {
      reopen();
    }
    for (std::uint64_t p = 1; p <= people; ++p) {
      ASSERT_EQ(admits(subject_handle(p), newsletter), consented[p] && !restricted[p]) << p;
      ASSERT_EQ(admits(subject_handle(p), recommendation),
                !objected[p] && !restricted[p] && !restricted_of_recommendation[p])
          << p;
      ASSERT_EQ(!all().refusal_of(subject_handle(p), recommendation), admits(subject_handle(p), recommendation));
    }
  }
}

TEST_P(purposes_test, choices_from_many_threads_are_all_known_afterwards) {
  constexpr std::uint64_t threads = 4;
  constexpr std::uint64_t each = 20;
  std::vector<std::thread> running;
  for (std::uint64_t t = 0; t < threads; ++t) {
    running.emplace_back([this, t] {
      for (std::uint64_t i = 0; i < each; ++i) {
        all().choose(subject_handle(1 + t * each + i), recommendation, choice::object);
      }
    });
  }
  for (std::thread& one : running) {
    one.join();
  }
  EXPECT_EQ(all().admission_for(recommendation)->exceptions(), threads * each);
}

TEST_P(purposes_test, data_is_used_for_another_purpose_only_by_a_recorded_decision) {
  all().define(definition(newsletter, lawful_basis::legitimate_interests));
  const std::array collected = {recommendation};
  EXPECT_EQ(all().check_compatible(collected, recommendation), 0);
  EXPECT_EQ(code_thrown_by([&] { all().check_compatible(collected, newsletter); }), errc::permission_denied);
  EXPECT_NE(message_thrown_by([&] { all().check_compatible(collected, newsletter); }).find("purposes decide"),
            std::string::npos);
  const auto made = all().record_decision({.collected_for = recommendation,
                                           .wanted = newsletter,
                                           .decided_by = "data protection officer",
                                           .reasoning = "The same customers, told at collection."});
  EXPECT_EQ(all().check_compatible(collected, newsletter), made.id);
  const std::array back = {newsletter};
  EXPECT_EQ(code_thrown_by([&] { all().check_compatible(back, recommendation); }), errc::permission_denied);
  ASSERT_EQ(all().decisions().size(), 1U);
  EXPECT_EQ(all().decisions()[0].decided_by, "data protection officer");
}

TEST_P(purposes_test, a_decision_without_reasoning_or_of_unknown_purposes_is_refused) {
  const compatibility_decision whole{
      .collected_for = recommendation, .wanted = newsletter, .decided_by = "us", .reasoning = "why"};
  EXPECT_EQ(code_thrown_by([&] { all().record_decision(whole); }), errc::not_found);
  auto lacking = whole;
  lacking.reasoning.clear();
  EXPECT_EQ(code_thrown_by([&] { all().record_decision(lacking); }), errc::invalid_argument);
  auto same = whole;
  same.wanted = recommendation;
  EXPECT_EQ(code_thrown_by([&] { all().record_decision(same); }), errc::invalid_argument);
}

TEST(purposes_in_doubt, a_choice_whose_commit_got_no_answer_is_read_before_the_next_answer) {
  const sql::test_database own(sql::engine::sqlite);
  sql::lossy_database lossy(*own);
  purposes all(lossy);
  lossy.stay_away(true);
  lossy.lose_answer();
  EXPECT_EQ(code_thrown_by([&] { all.choose(alice, recommendation, choice::object); }), errc::unavailable);
  EXPECT_EQ(code_thrown_by([&] { all.admission_for(recommendation); }), errc::unavailable);
  lossy.stay_away(false);
  EXPECT_FALSE(all.admission_for(recommendation)->admits(alice));
  EXPECT_TRUE(all.admission_for(recommendation)->admits(bob));
}

}  // namespace
}  // namespace eunomia::subject
