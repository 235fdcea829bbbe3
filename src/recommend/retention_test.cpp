// What is past its time leaves tables, models and at last the directory.
#include "subject/retention/retention.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "core/time.h"
#include "recommend/custodian.h"
#include "recommend/import.h"
#include "recommend/live_history.h"
#include "recommend/test_shop.h"
#include "recommend/training.h"
#include "subject/rights/desk.h"

namespace eunomia::recommend {
namespace {

using core::errc;
using core::milliseconds_per_day;

class retention_on_both : public testing::shop_on_both_engines {
 protected:
  static constexpr std::uint32_t people = 30;

  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    open_all();
    keep_for(30);
    recommender_record wanted;
    wanted.name = "main";
    wanted.dataset = "shop";
    wanted.what = {"ease", "{}"};
    wanted.keep_versions = 3;
    all_->create(wanted);
    // Those with an even number did something long ago, everybody else and the multiples of four of late.
    std::vector<event> batch;
    for (std::uint32_t person = 0; person < people; ++person) {
      for (std::uint32_t step = 0; step < 4; ++step) {
        const auto add = [&](int days) {
          batch.push_back(view(user(person), fmt::format("item-{}", (person + step) % 9), days_ago(days) + step));
        };
        if (person % 2 == 0) {
          add(40);
        }
        if (person % 2 == 1 || person % 4 == 0) {
          add(10);
        }
      }
    }
    record(batch);
  }
  void TearDown() override {
    close_all();
    shop_on_both_engines::TearDown();
  }

  void open_all(std::uint64_t training_memory = UINT64_MAX) {
    db().migrate(model_registry_migrations());
    models_ = std::make_unique<model_registry>(db(), *blobs_);
    all_ = std::make_unique<recommenders>(db(), *datasets_, *models_);
    custodians_ = {};
    custodians_.add(make_custodian(*datasets_, *models_, *all_, {db().speaks(), training_memory}));
    audit_ = std::make_unique<subject::audit_log>(db());
    ledger_ = std::make_unique<subject::ledger_file>(folder_.path() / "keys", keys_->keys().id());
    erasures_ = std::make_unique<subject::erasures>(
        subject::erasure_house{db(), *keys_, *people_, *purposes_, *audit_, *ledger_, custodians_, folder_.path(), {}});
    retention_ = std::make_unique<subject::retention>(
        subject::retention_house{db(), *people_, *purposes_, *audit_, custodians_, *erasures_});
  }
  void close_all() {
    retention_.reset();
    erasures_.reset();
    ledger_.reset();
    audit_.reset();
    all_.reset();
    models_.reset();
  }
  void restart() {
    close_all();
    reopen();
    open_all();
  }

  static std::string user(std::uint32_t number) { return fmt::format("user-{}", number); }
  static std::int64_t days_ago(std::int64_t days) { return core::now_ms() - days * milliseconds_per_day; }
  void keep_for(std::optional<std::int64_t> days) {
    auto definition = purposes_->find("recommendation");
    definition.retention_days = days;
    purposes_->redefine(definition);
  }
  void import_users(std::string_view csv) {
    const auto file = folder_.path() / "users.csv";
    std::ofstream(file) << csv;
    import_files(*shop_, data_kind::users, {&file, 1}, {.undeclared = undeclared_columns::declare}, pool_, job_);
  }
  training_context context() { return {pool_, job_}; }
  model_record train() { return all_->train("main", why_, context()); }
  subject::retention_report run() { return retention_->run(subject::actor::token("officer"), {pool_, job_}); }
  std::vector<subject::rights_request> finish() { return erasures_->finish({pool_, job_}); }
  static const subject::certificate_step* step(const subject::retention_report& in, std::string_view what) {
    const auto found = std::ranges::find(in.steps, what, &subject::certificate_step::what);
    return found == in.steps.end() ? nullptr : &*found;
  }
  bool known(std::uint32_t person) { return people_->find("user", user(person)).has_value(); }
  std::int64_t oldest_row() {
    const interactions rows = load();
    return rows.size() == 0 ? INT64_MAX : *std::ranges::min_element(rows.time);
  }
  static constexpr const char* rows_of_shop = "interactions of dataset \"shop\"";

  std::unique_ptr<model_registry> models_;
  std::unique_ptr<recommenders> all_;
  subject::custodians custodians_;
  std::unique_ptr<subject::audit_log> audit_;
  std::unique_ptr<subject::ledger_file> ledger_;
  std::unique_ptr<subject::erasures> erasures_;
  std::unique_ptr<subject::retention> retention_;
};

EUNOMIA_ON_BOTH_ENGINES(retention_on_both);

TEST_P(retention_on_both, takes_out_old_rows_renews_models_and_erases_who_is_left_with_nothing) {
  train();
  const auto old_version = train();
  const std::int64_t begin = core::now_ms();
  const auto report = run();

  // 15 people did something long ago, eight of them also of late.
  ASSERT_NE(step(report, rows_of_shop), nullptr);
  EXPECT_EQ(step(report, rows_of_shop)->count, 15U * 4);
  EXPECT_EQ(step(report, rows_of_shop)->custodian, "recommend");
  EXPECT_EQ(step(report, rows_of_shop)->level, subject::erasure_level::physically_erased);
  EXPECT_GE(oldest_row(), begin - 30 * milliseconds_per_day);
  EXPECT_EQ(report.people, 7U);
  ASSERT_EQ(report.erasures.size(), 1U);
  EXPECT_TRUE(report.obstacle.empty());
  EXPECT_EQ(report.started_by, "token officer");
  ASSERT_EQ(report.rules.size(), 1U);
  EXPECT_EQ(report.rules[0].days, 30);
  for (std::uint32_t person = 0; person < people; ++person) {
    EXPECT_EQ(known(person), person % 2 == 1 || person % 4 == 0) << person;
  }
  const auto done = finish();
  ASSERT_EQ(done.size(), 1U);
  EXPECT_EQ(done[0].id, report.erasures[0]);
  EXPECT_EQ(done[0].requested_by, "system");
  EXPECT_TRUE(done[0].certified);

  // No version of the model is left that learned from what is gone, and the new one equals a training without it.
  const auto versions = models_->versions("main");
  ASSERT_EQ(versions.size(), 1U);
  EXPECT_EQ(versions[0].version, 3);
  EXPECT_EQ(all_->served("main")->record().version, 3);
  ASSERT_NE(step(report, "version 2 of recommender \"main\" (ease)"), nullptr);
  EXPECT_EQ(step(report, "version 2 of recommender \"main\" (ease)")->level, subject::erasure_level::model_retrained);
  EXPECT_EQ(step(report, "version 1 of recommender \"main\" (ease)")->level, subject::erasure_level::physically_erased);
  EXPECT_FALSE(blobs_->exists(old_version.file.key));
  EXPECT_EQ(blobs_->read(train().file), blobs_->read(versions[0].file));

  const auto kept = retention_->list(0, 10);
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].people, 7U);
  EXPECT_EQ(kept[0].steps.size(), report.steps.size());
  EXPECT_GE(kept[0].ended_at, kept[0].began_at);
  const auto entries = audit_->entries({.action = "retention.completed"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].actor, "token officer");

  // Nothing is past its time now.
  const auto again = run();
  EXPECT_TRUE(again.steps.empty());
  EXPECT_EQ(again.people, 0U);
}

TEST_P(retention_on_both, without_a_limit_everything_stays) {
  keep_for({});
  train();
  const auto report = run();
  EXPECT_TRUE(report.steps.empty());
  EXPECT_TRUE(report.rules.empty());
  EXPECT_FALSE(retention_->due(core::now_ms() + 1));
  for (std::uint32_t person = 0; person < people; ++person) {
    EXPECT_TRUE(known(person));
  }
}

TEST_P(retention_on_both, a_dataset_is_kept_as_long_as_the_purpose_that_keeps_it_longest) {
  purposes_->define({.name = core::purpose("statistics"), .retention_days = 35, .notice = "We count."});
  purposes_->record_decision({.collected_for = core::purpose("recommendation"),
                              .wanted = core::purpose("statistics"),
                              .decided_by = "officer",
                              .reasoning = "the same data, counted"});
  shop_->add_purpose(core::purpose("statistics"));
  record({view("user-1", "item-1", days_ago(33))});
  EXPECT_EQ(step(run(), rows_of_shop)->count, 15U * 4);  // of 40 days
  EXPECT_LT(oldest_row(), days_ago(32));
}

TEST_P(retention_on_both, the_rows_of_who_had_them_restricted_stay) {
  purposes_->choose(handle(user(2)), {}, subject::choice::restrict);
  const auto report = run();
  EXPECT_EQ(step(report, rows_of_shop)->count, 14U * 4);
  EXPECT_EQ(report.people, 6U);
  EXPECT_TRUE(known(2));
  purposes_->choose(handle(user(2)), {}, subject::choice::lift_restriction);
  EXPECT_EQ(step(run(), rows_of_shop)->count, 4U);
  EXPECT_FALSE(known(2));
}

// Who objected is not to be asked again because their data grew old.
TEST_P(retention_on_both, who_objected_stays_known_as_somebody_who_did) {
  purposes_->choose(handle(user(2)), why_, subject::choice::object);
  run();
  ASSERT_TRUE(known(2));
  EXPECT_EQ(record({view("user-2", "item-1", days_ago(0))}).not_admitted, 1U);
  EXPECT_FALSE(known(6));
}

TEST_P(retention_on_both, a_profile_stays_while_its_person_does_something_and_from_its_import_on) {
  import_users("USER_ID,COUNTRY\nuser-1,Iceland\nuser-2,Malta\nuser-99,Norway\n");
  // user-2 has nothing left but a profile that is new, as user-99.
  EXPECT_EQ(run().people, 6U);
  EXPECT_TRUE(known(2));
  EXPECT_TRUE(known(99));
  // Long after: user-1 did something later than the profiles were imported.
  record({view("user-1", "item-1", core::now_ms() + milliseconds_per_day / 2)});
  const auto gone = shop_->expire(core::now_ms() + 1000, {}, pool_, job_);
  EXPECT_EQ(gone.profiles, 2U);
  EXPECT_FALSE(shop_->features_of(handle("user-1"), why_).empty());
  EXPECT_TRUE(shop_->features_of(handle("user-2"), why_).empty());
  EXPECT_EQ(run().people, 31U - 6U - 1U);
  EXPECT_TRUE(known(1));
}

TEST_P(retention_on_both, who_acts_at_this_moment_is_not_erased) {
  const std::vector<core::subject_handle> both = {handle(user(1)), handle(user(2))};
  shop_->expire(days_ago(30), {}, pool_, job_);
  record({view("user-2", "item-1", days_ago(0))});
  EXPECT_FALSE(erasures_->begin_where_nothing_is_held(both, subject::actor::system(), {pool_, job_}));
  EXPECT_TRUE(known(1));
  EXPECT_TRUE(known(2));
  EXPECT_EQ(erasures_
                ->begin_where_nothing_is_held(std::array{handle(user(2)), handle(user(6))}, subject::actor::system(),
                                              {pool_, job_})
                ->people,
            1U);
  EXPECT_TRUE(known(2));
  EXPECT_FALSE(known(6));
  // Who was spared is not held back.
  EXPECT_EQ(record({view("user-2", "item-2", days_ago(0))}).recorded, 1U);
}

TEST_P(retention_on_both, who_waits_for_an_archive_is_not_erased_before_it_is_granted) {
  subject::automated_decisions decisions(db(), *keys_);
  subject::rights_desk desk({db(), *keys_, *people_, *purposes_, *audit_, custodians_, decisions});
  // The archive cannot be written: what the request waits for.
  EXPECT_THROW(desk.grant_archive(handle(user(2)), subject::archive_scope::access,
                                  folder_.path() / "nowhere" / "archive.zip", subject::actor::system(), {pool_, job_}),
               core::error);
  run();
  EXPECT_TRUE(known(2));
  desk.grant_archive(handle(user(2)), subject::archive_scope::access, folder_.path() / "archive.zip",
                     subject::actor::system(), {pool_, job_});
  run();
  EXPECT_FALSE(known(2));
}

TEST_P(retention_on_both, a_model_of_which_nothing_is_left_answers_no_more) {
  train();
  keep_for(5);
  const auto report = run();
  EXPECT_EQ(report.people, people);
  EXPECT_TRUE(models_->versions("main").empty());
  EXPECT_THROW(all_->served("main"), core::error);
  finish();
  EXPECT_EQ(count("subject_identifier"), 0);
}

TEST_P(retention_on_both, a_training_that_fails_is_told_and_done_again) {
  train();
  close_all();
  open_all(1);  // a byte of memory for a training
  EXPECT_THROW(run(), core::error);
  const auto failed = retention_->list(0, 1).at(0);
  EXPECT_NE(failed.obstacle.find("training needs"), std::string::npos) << failed.obstacle;
  EXPECT_NE(step(failed, rows_of_shop), nullptr);
  EXPECT_EQ(failed.people, 7U);
  ASSERT_EQ(models_->versions("main").size(), 1U);
  EXPECT_TRUE(retention_->due(0));
  close_all();
  open_all();
  const auto done = run();
  EXPECT_EQ(step(done, rows_of_shop), nullptr);
  EXPECT_EQ(step(done, "version 1 of recommender \"main\" (ease)")->level, subject::erasure_level::model_retrained);
  EXPECT_FALSE(retention_->due(0));
}

TEST_P(retention_on_both, who_counts_rows_is_told_that_some_left) {
  int told = 0;
  const auto listens = shop_->tell(
      {.items_put = [](const auto&) {}, .forgotten = [](const auto&) {}, .interactions_changed = [&] { ++told; }});
  EXPECT_GT(shop_->expire(days_ago(30), {}, pool_, job_).interactions, 0U);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(shop_->expire(days_ago(30), {}, pool_, job_).interactions, 0U);
  EXPECT_EQ(told, 1);
}

TEST_P(retention_on_both, a_training_that_read_rows_that_left_meanwhile_is_not_kept) {
  const training_session session(*shop_, {"ease", "{}"}, why_, context());
  EXPECT_GT(shop_->expire(days_ago(30), {}, pool_, job_).interactions, 0U);
  EXPECT_THROW(all_->train("main", session, context()), core::error);
  EXPECT_TRUE(models_->versions("main").empty());
  train();
  EXPECT_EQ(models_->versions("main").size(), 1U);
}

TEST_P(retention_on_both, what_is_deployed_is_followed_by_one_that_is_trained_as_it_was) {
  train();
  auto record = all_->find("main");
  record.what = {"popularity", "{}"};
  record.serve_newest = false;
  all_->update(record);
  train();
  all_->deploy("main", "blue", 1, context());
  all_->deploy("main", "green", 2, context());
  const auto report = run();
  EXPECT_TRUE(report.obstacle.empty()) << report.obstacle;
  const auto versions = all_->versions("main");
  ASSERT_EQ(versions.size(), 2U);
  for (const auto& deployed : all_->deployments("main")) {
    const auto answers = all_->served({"main", deployed.name});
    EXPECT_EQ(answers->record().version, deployed.version);
    EXPECT_GT(deployed.version, 2);
    EXPECT_EQ(answers->record().family, deployed.name == "blue" ? "ease" : "popularity");
  }
  // Version 1 served too: its successor does.
  EXPECT_EQ(all_->served("main"), all_->served({"main", "blue"}));
}

TEST_P(retention_on_both, nothing_is_deployed_any_more_when_nothing_is_left_to_learn_from) {
  train();
  all_->deploy("main", "blue", 1, context());
  keep_for(1);
  run();
  EXPECT_TRUE(all_->versions("main").empty());
  EXPECT_TRUE(all_->deployments("main").empty());
}

TEST_P(retention_on_both, a_version_that_read_what_is_past_its_time_is_not_deployed) {
  train();
  shop_->expire(days_ago(30), {}, pool_, job_);
  try {
    all_->deploy("main", "blue", 1, context());
    ADD_FAILURE() << "nothing was thrown";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), errc::failed_precondition);
  }
  EXPECT_TRUE(all_->deployments("main").empty());
}

TEST_P(retention_on_both, histories_in_memory_lose_what_is_past_its_time) {
  ASSERT_EQ(items_of(user(0)).size(), 8U);
  live_history memory(*shop_);
  ASSERT_EQ(memory.history_of(handle(user(0)), why_)->events.size(), 8U);
  run();
  EXPECT_EQ(memory.history_of(handle(user(0)), why_)->events.size(), 4U);
}

TEST_P(retention_on_both, a_run_that_was_killed_is_ended_by_the_next) {
  train();
  // As far as a kill may let it come: the rows are gone, and nothing else was done.
  shop_->expire(days_ago(30), {}, pool_, job_);
  db().write([](store::sql::transaction& in) {
    in.execute(
        "INSERT INTO subject_retention_run (began_at, ended_at, started_by, rules, steps, people, erasures, obstacle) "
        "VALUES (1, 0, 'system', '[]', '[]', 0, '[]', '')");
  });
  restart();
  const auto report = run();
  EXPECT_EQ(step(report, rows_of_shop), nullptr);
  EXPECT_NE(step(report, "version 1 of recommender \"main\" (ease)"), nullptr);
  EXPECT_EQ(report.people, 7U);
  const auto kept = retention_->list(0, 10);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_NE(kept[1].ended_at, 0);
  EXPECT_NE(kept[1].obstacle.find("interrupted"), std::string::npos);
}

TEST_P(retention_on_both, is_due_until_it_was_done) {
  EXPECT_TRUE(retention_->due(core::now_ms() - milliseconds_per_day));
  run();
  EXPECT_FALSE(retention_->due(core::now_ms() - milliseconds_per_day));
  EXPECT_TRUE(retention_->due(core::now_ms() + 1));
}

TEST_P(retention_on_both, the_inventory_says_how_long) {
  const auto places = custodians_.inventory();
  const auto rows =
      std::ranges::find_if(places, [](const subject::held& one) { return one.what.place.ends_with("/interactions"); });
  ASSERT_NE(rows, places.end());
  EXPECT_NE(rows->what.retention.find("30 days"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::recommend
