// Filters as answers of a served recommender obey them.

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "recommend/answering.h"
#include "recommend/import.h"
#include "recommend/test_shop.h"
#include "recommend/training.h"

namespace eunomia::recommend {
namespace {

using core::errc;
using names = std::vector<std::string>;

class filtered_answers : public testing::shop_on_both_engines {
 protected:
  static constexpr std::uint32_t people = 30;

  // Eight items of prices 0 to 7, half of them each of a genre, and everybody with three of them.
  void SetUp() override {
    shop_on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    db().migrate(model_registry_migrations());
    models_ = std::make_unique<model_registry>(db(), *blobs_);
    all_ = std::make_unique<recommenders>(db(), *datasets_, *models_);
    import(data_kind::items, "ITEM_ID,GENRE:category,PRICE:number",
           "item-0,drama,0\nitem-1,war,1\nitem-2,drama,2\nitem-3,war,3\nitem-4,drama|war,4\nitem-5,war,5\nitem-6,drama,"
           "6\nitem-7,war,7\n");
    import(data_kind::users, "USER_ID,AGE:integer", "user-0,17\nuser-1,40\n");
    std::vector<event> batch;
    for (std::uint32_t person = 0; person < people; ++person) {
      for (std::uint32_t step = 0; step < 3; ++step) {
        batch.push_back(view(user(person), fmt::format("item-{}", (person + step * step) % 8), 1'000'000 + step));
      }
    }
    record(batch);
    recommender_record wanted;
    wanted.name = "main";
    wanted.dataset = "shop";
    wanted.what = {"ease", "{}"};
    all_->create(wanted);
    all_->train("main", why_, {pool_, job_});
    answers_ = std::make_unique<answering>(*datasets_, *all_, *people_, "user", why_, *purposes_, pool_);
  }
  void TearDown() override {
    answers_.reset();
    all_.reset();
    models_.reset();
    shop_on_both_engines::TearDown();
  }

  static std::string user(std::uint32_t number) { return fmt::format("user-{}", number); }

  // header: declarations of columns, the first one's name alone.
  void import(data_kind kind, std::string_view header, std::string_view rows) {
    const auto file = folder_.path() / fmt::format("{}.csv", name_of(kind));
    import_options how;
    std::string line;
    for (std::size_t begin = 0; begin <= header.size();) {
      const std::size_t end = std::min(header.find(',', begin), header.size());
      const auto column = metadata_column::parse(header.substr(begin, end - begin));
      if (begin > 0) {
        how.declare.push_back(column);
      }
      line += (begin > 0 ? "," : "") + column.name;
      begin = end + 1;
    }
    std::ofstream(file) << line << "\n" << rows;
    import_files(*shop_, kind, {&file, 1}, how, pool_, job_);
    shop_ = std::make_unique<dataset>(datasets_->open("shop"));
  }

  names recommended(std::uint32_t person, const std::string& filter, const filter_values& values = {}) {
    return sorted(answers_->recommend(
        "main", {.who = {user(person), {}}, .count = 8, .include_history = true, .filter = {filter, values}}));
  }
  static names ids(const answer& given) {
    names found;
    for (const auto& one : given.items) {
      found.push_back(one.item);
    }
    return found;
  }
  static names sorted(const answer& given) {
    names found = ids(given);
    std::sort(found.begin(), found.end());
    return found;
  }
  static names among(const names& listed, const names& kept) {
    names found;
    std::copy_if(listed.begin(), listed.end(), std::back_inserter(found),
                 [&](const std::string& one) { return std::find(kept.begin(), kept.end(), one) != kept.end(); });
    return found;
  }
  template <class Action>
  static std::string refused(Action action) {
    try {
      action();
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), errc::invalid_argument);
      return problem.what();
    }
    return "was accepted";
  }

  std::unique_ptr<model_registry> models_;
  std::unique_ptr<recommenders> all_;
  std::unique_ptr<answering> answers_;
};

EUNOMIA_ON_BOTH_ENGINES(filtered_answers);

TEST_P(filtered_answers, hold_items_of_the_metadata_that_the_filter_includes) {
  EXPECT_EQ(recommended(3, "INCLUDE ItemID WHERE Items.PRICE <= $PRICE AND Items.GENRE IN ($GENRE)",
                        {{"PRICE", "4"}, {"GENRE", "\"drama\""}}),
            (names{"item-0", "item-2", "item-4"}));
}

TEST_P(filtered_answers, know_what_somebody_did_a_moment_ago) {
  const std::string bought = "INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"buy\")";
  EXPECT_EQ(recommended(0, bought), names{});
  event one = view(user(0), "item-7", 2'000'000);
  one.event_type = "Buy";
  answers_->record("shop", std::vector<event>{one});
  EXPECT_EQ(recommended(0, bought), names{"item-7"});
  EXPECT_EQ(recommended(0, "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")"),
            (names{"item-2", "item-3", "item-5", "item-6"}));
}

TEST_P(filtered_answers, know_the_profile_of_the_person_and_none_of_others) {
  const std::string for_adults = "EXCLUDE ItemID WHERE Items.GENRE IN (\"war\") IF CurrentUser.AGE < 18";
  EXPECT_EQ(recommended(0, for_adults), (names{"item-0", "item-2", "item-6"}));
  EXPECT_EQ(recommended(1, for_adults).size(), 8U);
  EXPECT_EQ(recommended(2, for_adults).size(), 8U);
  EXPECT_EQ(recommended(people + 1, for_adults).size(), 8U);
}

TEST_P(filtered_answers, know_nothing_of_who_objects) {
  purposes_->choose(handle(user(0)), why_, subject::choice::object);
  EXPECT_EQ(recommended(0, "EXCLUDE ItemID WHERE Items.PRICE >= 0 IF CurrentUser.AGE < 18").size(), 8U);
  EXPECT_EQ(recommended(0, "INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")"), names{});
}

TEST_P(filtered_answers, of_a_visitor_know_what_they_looked_at) {
  EXPECT_EQ(
      sorted(answers_->recommend("main", {.who = {std::nullopt, {"item-2", "unknown"}},
                                          .count = 8,
                                          .include_history = true,
                                          .filter = {"INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")"}})),
      names{"item-2"});
}

TEST_P(filtered_answers, rank_the_given_items_that_pass) {
  const names given = {"item-1", "unknown", "item-0", "item-2"};
  EXPECT_EQ(ids(answers_->rank("main", {user(3), {}}, given, 0, {"EXCLUDE ItemID WHERE Items.PRICE < 2"})),
            (names{"item-2", "unknown"}));
  EXPECT_EQ(ids(answers_->rank("main", {user(3), {}}, given, 0, {"INCLUDE ItemID WHERE Items.PRICE < 1"})),
            names{"item-0"});
}

TEST_P(filtered_answers, compare_similar_items_with_the_one_they_are_asked_for) {
  const filtering cheaper = {
      "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN "
      "CurrentItem.GENRE"};
  EXPECT_EQ(ids(answers_->similar("main", "item-4", 8, cheaper)),
            among(ids(answers_->similar("main", "item-4", 8)), {"item-0", "item-1", "item-2", "item-3"}));
  EXPECT_EQ(answers_->similar("main", "item-4", 2, cheaper).items.size(), 2U);
  EXPECT_EQ(ids(answers_->similar("main", "item-4", 8, {"EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"view\")"},
                                  {user(0), {}})),
            among(ids(answers_->similar("main", "item-4", 8)), {"item-2", "item-3", "item-5", "item-6", "item-7"}));
}

TEST_P(filtered_answers, say_what_a_filter_cannot_ask_for) {
  EXPECT_EQ(refused([&] { recommended(1, "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE"); }),
            "filter: at 22: CurrentItem is the item that similar ones are asked for, and this question has none");
  EXPECT_EQ(refused([&] { recommended(1, "INCLUDE UserID WHERE Users.AGE < 3"); }),
            "filter: items are recommended; begin with INCLUDE ItemID or EXCLUDE ItemID");
  EXPECT_EQ(refused([&] {
              recommended(1, "", {{"PRICE", "1"}});
            }),
            "filter_values: there is no filter that they are for; give it in filter");
}

TEST_P(filtered_answers, follow_the_metadata_when_it_changes) {
  const std::string expensive = "INCLUDE ItemID WHERE Items.PRICE > 6.5";
  EXPECT_EQ(recommended(1, expensive), names{"item-7"});
  import(data_kind::items, "ITEM_ID,GENRE:category,PRICE:number", "item-0,drama,100\n");
  answers_->changed("shop");
  EXPECT_EQ(recommended(1, expensive), (names{"item-0", "item-7"}));
}

TEST_P(filtered_answers, know_what_was_put_of_items_and_people_a_moment_ago) {
  const std::string cheap = "INCLUDE ItemID WHERE Items.PRICE <= 1";
  const std::string drama = "INCLUDE ItemID WHERE Items.GENRE IN (\"drama\")";
  EXPECT_EQ(recommended(3, cheap), (names{"item-0", "item-1"}));
  EXPECT_EQ(recommended(3, drama), (names{"item-0", "item-2", "item-4", "item-6"}));
  shop_->put(data_kind::items, std::vector<metadata_record>{{"item-1", {{"PRICE", "50"}, {"GENRE", "drama"}}},
                                                            {"item-7", {{"PRICE", "0.5"}}}});
  EXPECT_EQ(recommended(3, cheap), (names{"item-0", "item-7"}));
  EXPECT_EQ(recommended(3, drama), (names{"item-0", "item-1", "item-2", "item-4", "item-6"}));
  EXPECT_EQ(sorted(answers_->recommend("main", {.count = 8, .include_history = true, .where = {"PRICE>=7"}})),
            names{"item-1"});
  const std::string for_adults = "EXCLUDE ItemID WHERE Items.GENRE IN (\"war\") IF CurrentUser.AGE < 18";
  EXPECT_EQ(recommended(1, for_adults).size(), 8U);
  shop_->put(data_kind::users, std::vector<metadata_record>{{user(1), {{"AGE", "12"}}}});
  EXPECT_EQ(recommended(1, for_adults), (names{"item-0", "item-1", "item-2", "item-6", "item-7"}));
}

TEST_P(filtered_answers, show_an_item_that_came_after_the_training_where_new_ones_are_explored) {
  const auto explored = [&](const question& asked) {
    names found;
    for (const auto& one : answers_->recommend("main", asked).items) {
      if (one.explored) {
        EXPECT_FALSE(one.score);
        found.push_back(one.item);
      }
    }
    std::sort(found.begin(), found.end());
    return found;
  };
  const question asked{.who = {user(3), {}}, .count = 8, .explore = 0.5};
  EXPECT_EQ(explored(asked), names{});
  shop_->put(data_kind::items, std::vector<metadata_record>{{"item-8", {{"PRICE", "8"}}}, {"item-9", {}}});
  EXPECT_EQ(explored(asked), (names{"item-8", "item-9"}));
  EXPECT_EQ(explored({.who = {user(3), {}}, .count = 8}), names{});
  question of_price = asked;
  of_price.where = {"PRICE>7"};
  EXPECT_EQ(explored(of_price), names{"item-8"});
  of_price.where = {};
  of_price.filter = {"EXCLUDE ItemID WHERE Items.PRICE > 7", {}};
  EXPECT_EQ(explored(of_price), names{"item-9"});
  question but_one = asked;
  but_one.exclude = {"item-9"};
  EXPECT_EQ(explored(but_one), names{"item-8"});
  but_one.exclude = {};
  but_one.only = {"item-9", "item-1"};
  EXPECT_EQ(explored(but_one), names{"item-9"});
  shop_->put(data_kind::items, std::vector<metadata_record>{{"item-8", {{"PRICE", "1"}}}});
  EXPECT_EQ(explored(of_price), (names{"item-8", "item-9"}));
  EXPECT_EQ(ids(answers_->rank("main", {user(3), {}}, {"item-8", "item-9", "never-seen"}, 0,
                               {"INCLUDE ItemID WHERE Items.PRICE <= 1", {}})),
            names{"item-8"});
  // As a start of the process finds them.
  answers_ = std::make_unique<answering>(*datasets_, *all_, *people_, "user", why_, *purposes_, pool_);
  EXPECT_EQ(explored(asked), (names{"item-8", "item-9"}));
}

TEST_P(filtered_answers, are_given_while_items_are_put) {
  std::atomic<bool> done = false;
  std::vector<std::jthread> askers;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 2; ++i) {
    askers.emplace_back([&] {
      while (!done) {
        const auto given = answers_->recommend("main", {.count = 8,
                                                        .include_history = true,
                                                        .where = {"PRICE<=100"},
                                                        .filter = {"INCLUDE ItemID WHERE Items.PRICE >= 0", {}},
                                                        .explore = 0.5});
        wrong += given.items.size() < 8 ? 1 : 0;
      }
    });
  }
  for (int i = 0; i < 40; ++i) {
    shop_->put(data_kind::items, std::vector<metadata_record>{{fmt::format("item-{}", i % 8), {{"PRICE", "7"}}},
                                                              {fmt::format("new-{}", i), {{"PRICE", "7"}}}});
    if (i % 10 == 0) {
      answers_->changed("shop");
    }
  }
  done = true;
  askers.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace eunomia::recommend
