// What is held of somebody put right, in the tables and in what was learned from them.
#include "recommend/rectifying.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "core/time.h"
#include "recommend/import.h"
#include "recommend/live_history.h"
#include "recommend/test_shop.h"
#include "recommend/training.h"

namespace eunomia::recommend {
namespace {

using core::errc;

class rectifying_on_both : public testing::shop_on_both_engines {
 protected:
  static constexpr std::uint32_t people = 20;

  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    db().migrate(model_registry_migrations());
    models_ = std::make_unique<model_registry>(db(), *blobs_);
    all_ = std::make_unique<recommenders>(db(), *datasets_, *models_);
    rectifying_ = std::make_unique<rectifying>(*datasets_, *all_, custodian_options{db().speaks()});
    for (const char* family : {"ease", "popularity"}) {
      recommender_record wanted;
      wanted.name = family;
      wanted.dataset = "shop";
      wanted.what = {family, "{}"};
      all_->create(wanted);
    }
    std::vector<event> batch;
    for (std::uint32_t person = 0; person < people; ++person) {
      for (std::uint32_t step = 0; step < 5; ++step) {
        batch.push_back(view(user(person), fmt::format("item-{}", (person % 3) * 2 + step), 1'000'000 + step));
      }
    }
    record(batch);
    const auto file = folder_.path() / "users.csv";
    std::ofstream(file) << "USER_ID,COUNTRY,AGE\nuser-1,Iceland,31\nuser-2,Malta,\nuser-1,Norway,32\n";
    import_files(*shop_, data_kind::users, {&file, 1},
                 {.declare = {metadata_column::parse("COUNTRY:category"), metadata_column::parse("AGE:integer")}},
                 pool_, job_);
    shop_ = std::make_unique<dataset>(datasets_->open("shop"));
  }
  void TearDown() override {
    rectifying_.reset();
    all_.reset();
    models_.reset();
    shop_on_both_engines::TearDown();
  }

  static std::string user(std::uint32_t number) { return fmt::format("user-{}", number); }
  static rectification with_profile(std::map<std::string, std::string> values) { return {std::move(values), {}}; }
  static rectification without(std::vector<wrong_interaction> wrong) { return {{}, std::move(wrong)}; }
  training_context context() { return {pool_, job_}; }
  model_record train(const char* name) { return all_->train(name, why_, context()); }
  std::vector<subject::certificate_step> rectify(std::uint32_t person, const rectification& wanted) {
    return rectifying_->carry_out("shop", handle(user(person)), wanted, {pool_, job_});
  }
  // Every row of the person's profile, a column after another, null as "-".
  std::vector<std::string> profile(std::uint32_t person) {
    constexpr std::array<std::string_view, 2> columns = {"COUNTRY", "AGE"};
    const auto who = handle(user(person));
    std::vector<std::string> rows;
    for (const std::string& table : tables_->tables()) {
      if (!table.ends_with("/users")) {
        continue;
      }
      tables_->scan(table, core::purpose::rights_of_the_data_subject(), columns, {.subjects = {&who, 1}}, pool_, job_,
                    [&](const store::table::chunk& some) {
                      for (std::size_t row = 0; row < some.rows; ++row) {
                        rows.push_back(fmt::format(
                            "{} {}", some.columns[0].is_null(row) ? "-" : some.columns[0].text(row),
                            some.columns[1].is_null(row) ? "-" : std::to_string(some.columns[1].int64()[row])));
                      }
                    });
    }
    return rows;
  }
  std::vector<std::byte> bytes_of(const model_record& record) { return blobs_->read(record.file); }
  bool holds(const model_record& record, core::subject_handle who) {
    return models_->load(record, context())->learned_from().find(who).has_value();
  }

  std::unique_ptr<model_registry> models_;
  std::unique_ptr<recommenders> all_;
  std::unique_ptr<rectifying> rectifying_;
};

EUNOMIA_ON_BOTH_ENGINES(rectifying_on_both);

TEST_P(rectifying_on_both, a_profile_is_what_was_given_and_the_rest_of_what_it_was) {
  EXPECT_EQ(profile(1), (std::vector<std::string>{"Iceland 31", "Norway 32"}));
  const auto steps = rectify(1, with_profile({{"country", "Åland"}}));
  EXPECT_EQ(profile(1), std::vector<std::string>{"Åland 32"});
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].what, "profiles of dataset \"shop\"");
  EXPECT_EQ(steps[0].count, 1U);
  EXPECT_FALSE(steps[0].level);
  // Nothing known in the place of something that is wrong, and a profile for who had none.
  rectify(1, with_profile({{"AGE", ""}}));
  EXPECT_EQ(profile(1), std::vector<std::string>{"Åland -"});
  rectify(3, with_profile({{"AGE", "20"}}));
  EXPECT_EQ(profile(3), std::vector<std::string>{"- 20"});
  EXPECT_EQ(profile(2), std::vector<std::string>{"Malta -"});
}

TEST_P(rectifying_on_both, what_did_not_happen_is_taken_out_and_nothing_else) {
  record({view("user-1", "item-9", 1'000'100), view("user-2", "item-9", 1'000'100)});
  ASSERT_EQ(items_of("user-1").size(), 6U);
  const auto steps =
      rectify(1, without({{"item-9", 1'000'100}, {"item-2", 1'000'000}, {"item-3", 77}, {"nothing", 1}}));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].count, 2U);
  EXPECT_EQ(items_of("user-1"), (std::vector<std::string>{"item-3", "item-4", "item-5", "item-6"}));
  EXPECT_EQ(items_of("user-2").size(), 6U);
  // Asked again, there is nothing left to do.
  EXPECT_EQ(rectify(1, without({{"item-9", 1'000'100}})).at(0).count, 0U);
  EXPECT_EQ(record({view("user-1", "item-1", 1'000'200)}).recorded, 1U) << "they are not held back any more";
}

TEST_P(rectifying_on_both, of_one_moment_one_type_can_be_wrong) {
  event bought = view("user-1", "item-9", 1'000'100);
  bought.event_type = "buy";
  record({view("user-1", "item-9", 1'000'100), bought});
  EXPECT_EQ(rectify(1, without({{"item-9", 1'000'100, "rent"}})).at(0).count, 0U);
  EXPECT_EQ(rectify(1, without({{"item-9", 1'000'100, "buy"}})).at(0).count, 1U);
  const auto left = shop_->interactions_of(handle(user(1)), why_);
  EXPECT_EQ(std::ranges::count(left, "buy", [](const auto& one) { return one.what.event_type; }), 0);
  EXPECT_EQ(std::ranges::count(left, "item-9", [](const auto& one) { return one.what.item_id; }), 1);
  EXPECT_EQ(rectify(1, without({{"item-9", 1'000'100}})).at(0).count, 1U);
}

TEST_P(rectifying_on_both, models_forget_the_person_and_learn_what_is_right) {
  for (const char* name : {"ease", "popularity"}) {
    train(name);
    ASSERT_TRUE(holds(train(name), handle("user-1")));
  }
  const auto steps = rectify(1, without({{"item-2", 1'000'000}}));
  ASSERT_EQ(steps.size(), 5U);  // the rows, and two versions of each model
  for (const auto& step : steps) {
    EXPECT_FALSE(step.level || step.until);
    EXPECT_EQ(step.custodian, "recommend");
  }
  for (const char* name : {"ease", "popularity"}) {
    for (const auto& version : models_->versions(name)) {
      EXPECT_FALSE(holds(version, handle("user-1"))) << name << " " << version.version;
      EXPECT_TRUE(holds(version, handle("user-2")));
    }
    EXPECT_FALSE(all_->served(name)->trained().learned_from().find(handle("user-1")));
    const auto anew = train(name);
    EXPECT_TRUE(holds(anew, handle("user-1")));
    // A dataset in which it never happened.
    EXPECT_EQ(models_->learned_from(anew, handle("user-1")).size(), 4U);
  }
}

TEST_P(rectifying_on_both, a_training_that_read_what_was_wrong_does_not_keep_it) {
  const people_leaving::training under_way(all_->leaving());
  const training_session session(*shop_, {"ease", "{}"}, why_, context());
  rectify(1, without({{"item-2", 1'000'000}}));
  EXPECT_FALSE(holds(all_->train("ease", session, context()), handle("user-1")));
}

TEST_P(rectifying_on_both, who_objects_leaves_every_version_and_what_is_learned_meanwhile) {
  train("ease");
  const training_session session(*shop_, {"ease", "{}"}, why_, context());
  EXPECT_TRUE(all_->forget_who_refuses(why_, context()).empty());
  purposes_->choose(handle("user-1"), why_, subject::choice::object);
  const auto lost = all_->forget_who_refuses(why_, context());
  EXPECT_EQ(lost.size(), 1U);
  EXPECT_FALSE(holds(models_->find("ease"), handle("user-1")));
  // One that read their rows before they objected ends after it.
  const auto late = all_->train("ease", session, context());
  EXPECT_FALSE(holds(late, handle("user-1")));
  EXPECT_TRUE(holds(late, handle("user-2")));
  EXPECT_EQ(bytes_of(train("ease")), bytes_of(late)) << "as if they had never been there";
  EXPECT_TRUE(all_->forget_who_refuses(why_, context()).empty());
  purposes_->choose(handle("user-1"), why_, subject::choice::withdraw_objection);
  EXPECT_TRUE(holds(train("ease"), handle("user-1")));
}

TEST_P(rectifying_on_both, memory_knows_what_is_right) {
  live_history memory(*shop_);
  ASSERT_EQ(memory.history_of(handle("user-1"), why_)->events.size(), 5U);
  rectify(1, {.profile = {{"COUNTRY", "Åland"}}, .wrong = {{"item-2", 1'000'000}}});
  const auto now = memory.history_of(handle("user-1"), why_);
  EXPECT_EQ(now->events.size(), 4U);
  EXPECT_TRUE(std::ranges::any_of(*now->features, [](const std::string& one) { return one.ends_with("Åland"); }));
}

TEST_P(rectifying_on_both, what_cannot_be_is_refused_before_anything_is_done) {
  const auto refused = [&](const rectification& wanted) {
    std::string why;
    try {
      rectifying_->check("shop", wanted);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), errc::invalid_argument);
      why = problem.what();
    }
    EXPECT_THROW(rectify(1, wanted), core::error);
    return why;
  };
  EXPECT_NE(refused(with_profile({{"AGE", "secret"}})).find("profile.AGE: is no whole number"), std::string::npos);
  EXPECT_EQ(refused(with_profile({{"AGE", "secret"}})).find("secret"), std::string::npos);
  EXPECT_NE(refused(with_profile({{"SHOE", "43"}})).find("COUNTRY, AGE"), std::string::npos);
  EXPECT_NE(refused(with_profile({{"age", "43"}, {"AGE", "44"}})).find("twice"), std::string::npos);
  refused(with_profile({{"COUNTRY", "\xff"}}));
  refused(without(std::vector<wrong_interaction>(max_wrong_interactions + 1)));
  EXPECT_EQ(profile(1).size(), 2U);
  EXPECT_THROW(rectifying_->check("nowhere", {}), core::error);
}

TEST_P(rectifying_on_both, who_objected_has_a_right_to_it_too) {
  purposes_->choose(handle("user-1"), why_, subject::choice::object);
  rectify(1, {.profile = {{"AGE", "33"}}, .wrong = {{"item-2", 1'000'000}}});
  EXPECT_EQ(profile(1), std::vector<std::string>{"Norway 33"});
  purposes_->choose(handle("user-1"), why_, subject::choice::withdraw_objection);
  EXPECT_EQ(items_of("user-1").size(), 4U);
}

}  // namespace
}  // namespace eunomia::recommend
