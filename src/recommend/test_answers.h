#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "recommend/answering.h"
#include "recommend/import.h"
#include "recommend/test_shop.h"
#include "recommend/training.h"

namespace eunomia::recommend::testing {

using names = std::vector<std::string>;

// A shop whose recommender "main" is asked.
class shop_that_answers : public shop_on_both_engines {
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
      EXPECT_EQ(problem.code(), core::errc::invalid_argument);
      return problem.what();
    }
    return "was accepted";
  }

  std::unique_ptr<model_registry> models_;
  std::unique_ptr<recommenders> all_;
  std::unique_ptr<answering> answers_;
};

}  // namespace eunomia::recommend::testing
