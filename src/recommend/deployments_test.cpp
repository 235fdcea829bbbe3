#include "recommend/deployments.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "recommend/test_recommenders.h"

namespace eunomia::recommend {
namespace {

using core::errc;
using testing::thrown;

class deployments_on_both : public testing::recommenders_on_both {
 protected:
  deployment_record deploy(std::string_view name, std::int64_t version) {
    return all_->deploy("main", name, version, context());
  }
  answer ask_deployed(std::string_view name, std::uint32_t person, std::size_t count = 3) {
    return answers_->recommend({"main", name}, {.who = {user(person), {}}, .count = count});
  }
  // Newly trained versions wait until they are deployed.
  void keep_aside() {
    auto record = all_->find("main");
    record.serve_newest = false;
    all_->update(record);
  }
  std::vector<std::int64_t> kept() {
    std::vector<std::int64_t> numbers;
    for (const model_record& one : all_->versions("main")) {
      numbers.push_back(one.version);
    }
    return numbers;
  }
  // What every one of the people is answered, without what they are known by.
  std::vector<std::vector<std::pair<std::string, float>>> top_25_of_all(const asked_model& which) {
    std::vector<std::vector<std::pair<std::string, float>>> lists;
    for (std::uint32_t person = 0; person < people; ++person) {
      auto& list = lists.emplace_back();
      for (const auto& one : answers_->recommend(which, {.who = {user(person), {}}, .count = 25}).items) {
        list.emplace_back(one.item, one.score.value_or(0));
      }
    }
    return lists;
  }
};

EUNOMIA_ON_BOTH_ENGINES(deployments_on_both);

TEST_P(deployments_on_both, versions_answer_side_by_side_with_the_one_that_serves) {
  train();
  train();
  train();
  deploy("Blue", 2);
  EXPECT_EQ(ask(1).version, 3);
  EXPECT_EQ(ask_deployed("Blue", 1).version, 2);
  deploy("Blue", 3);
  EXPECT_EQ(ask_deployed("Blue", 1).version, 3);
  EXPECT_EQ(all_->served({"main", "Blue"}), all_->served("main")) << "in memory once";
  EXPECT_EQ(answers_->rank({"main", "Blue"}, {user(1), {}}, {"item-0"}).version, 3);
  EXPECT_EQ(answers_->similar({"main", "Blue"}, "item-0", 3).version, 3);
  EXPECT_EQ(answers_->explain({"main", "Blue"}, {user(1), {}}, "item-0", 3).version, 3);
}

TEST_P(deployments_on_both, refuses_what_cannot_be) {
  train();
  EXPECT_NE(thrown(errc::not_found, [&] { deploy("blue", 7); }).find("it has 1"), std::string::npos);
  EXPECT_NE(thrown(errc::not_found, [&] { all_->served({"main", "blue"}); }).find("none yet"), std::string::npos);
  thrown(errc::not_found, [&] { all_->deploy("other", "blue", 1, context()); });
  thrown(errc::not_found, [&] { all_->deployments("other"); });
  thrown(errc::not_found, [&] { all_->withdraw("main", "blue"); });
  thrown(errc::invalid_argument, [&] { deploy("", 1); });
  thrown(errc::invalid_argument, [&] { deploy("a b", 1); });
  EXPECT_NE(thrown(errc::invalid_argument, [&] { deploy(std::string(64, 'a'), 1); }).find("63"), std::string::npos);
  for (std::size_t i = 0; i < max_deployments; ++i) {
    deploy(fmt::format("d{}", i), 1);
  }
  EXPECT_NE(thrown(errc::resource_exhausted, [&] { deploy("more", 1); }).find("max_deployments"), std::string::npos);
  EXPECT_EQ(all_->deployments("main").size(), max_deployments);
  deploy("d0", 1);
}

TEST_P(deployments_on_both, a_new_version_waits_where_the_newest_does_not_serve) {
  keep_aside();
  EXPECT_FALSE(all_->find("main").serve_newest);
  EXPECT_FALSE(train().serving);
  EXPECT_NE(thrown(errc::failed_precondition, [&] { ask(1); }).find("serve one"), std::string::npos);
  deploy("blue", 1);
  EXPECT_EQ(ask_deployed("blue", 1).version, 1);
  EXPECT_EQ(train().version, 2);
  EXPECT_EQ(ask_deployed("blue", 1).version, 1);
  all_->serve("main", 2, context());
  EXPECT_EQ(ask(1).version, 2);
  train();
  EXPECT_EQ(ask(1).version, 2);
}

TEST_P(deployments_on_both, what_serves_or_is_deployed_is_not_pruned) {
  train();
  deploy("blue", 1);
  train();
  train();
  train();
  EXPECT_EQ(kept(), (std::vector<std::int64_t>{4, 3, 1}));
  EXPECT_EQ(ask_deployed("blue", 1).version, 1);
  all_->serve("main", 3, context());
  keep_aside();
  train();
  train();
  EXPECT_EQ(kept(), (std::vector<std::int64_t>{6, 5, 3, 1}));
  all_->withdraw("main", "blue");
  EXPECT_NE(thrown(errc::not_found, [&] { ask_deployed("blue", 1); }).find("blue"), std::string::npos);
  train();
  EXPECT_EQ(kept(), (std::vector<std::int64_t>{7, 6, 3}));
}

TEST_P(deployments_on_both, come_back_after_a_restart) {
  train();
  train();
  const auto made = deploy("blue", 1);
  restart();
  all_->expect_load_all();
  thrown(errc::unavailable, [&] { ask_deployed("blue", 1); });
  all_->load_all(context());
  EXPECT_EQ(ask_deployed("blue", 1).version, 1);
  EXPECT_EQ(ask(1).version, 2);
  const auto known = all_->deployments("main");
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known[0].name, "blue");
  EXPECT_EQ(known[0].version, 1);
  EXPECT_EQ(known[0].created_at, made.created_at);
}

TEST_P(deployments_on_both, one_that_cannot_be_loaded_says_so_and_the_others_answer) {
  train();
  train();
  deploy("blue", 1);
  blobs_->remove(all_->versions("main").at(1).file.key);
  restart();
  all_->load_all(context());
  EXPECT_EQ(ask(1).version, 2);
  EXPECT_NE(thrown(errc::failed_precondition, [&] { ask_deployed("blue", 1); }).find("version 1"), std::string::npos);
  deploy("blue", 2);
  EXPECT_EQ(ask_deployed("blue", 1).version, 2);
}

TEST_P(deployments_on_both, leave_with_their_recommender) {
  train();
  deploy("blue", 1);
  const std::weak_ptr<const served_model> before = all_->served({"main", "blue"});
  ask_deployed("blue", 1);
  all_->remove("main");
  answers_->drop_replaced();
  EXPECT_TRUE(before.expired());
  EXPECT_EQ(count("recommender_deployment"), 0);
  all_->create(wanted());
  train();
  thrown(errc::not_found, [&] { ask_deployed("blue", 1); });
}

TEST_P(deployments_on_both, people_leave_every_version_that_answers_as_if_it_had_never_known_them) {
  train();
  auto factors = wanted();
  factors.what = {"item-knn", "{}"};
  all_->update(factors);
  train();
  deploy("ease", 1);
  deploy("knn", 2);
  deploy("knn-too", 2);
  train();
  const auto gone = handle(user(7));
  const auto request = begin_erasure(gone);
  const auto in_memory = std::ranges::count(request.steps, "memory", &subject::certificate_step::store);
  EXPECT_EQ(in_memory, 3) << "each version that answers, once";
  for (const std::string_view name : {"", "ease", "knn", "knn-too"}) {
    EXPECT_FALSE(all_->served({"main", name})->trained().learned_from().find(gone).has_value()) << name;
  }
  finish_erasures();
  all_->rederive(context());
  for (const auto& version : all_->versions("main")) {
    EXPECT_FALSE(holds(version, gone)) << version.version;
    EXPECT_TRUE(version.exact);
  }
  // Others, trained on what is left.
  const auto ease = top_25_of_all({"main", "ease"});
  const auto knn = top_25_of_all({"main", "knn"});
  EXPECT_EQ(top_25_of_all("main"), knn);
  train();
  EXPECT_EQ(top_25_of_all("main"), knn);
  all_->update(wanted());
  train();
  EXPECT_EQ(top_25_of_all("main"), ease);
}

TEST_P(deployments_on_both, a_version_deployed_while_somebody_leaves_does_not_bring_them_back) {
  train();
  train();
  const auto gone = handle(user(7));
  begin_erasure(gone);
  deploy("blue", 1);
  EXPECT_FALSE(all_->served({"main", "blue"})->trained().learned_from().find(gone).has_value());
  EXPECT_TRUE(holds(all_->versions("main").at(1), gone));
  finish_erasures();
  EXPECT_FALSE(holds(all_->versions("main").at(1), gone));
}

TEST_P(deployments_on_both, moving_one_never_leaves_a_question_without_an_answer) {
  train();
  train();
  deploy("blue", 1);
  std::atomic<bool> done = false;
  std::atomic<std::size_t> failures = 0;
  std::atomic<std::size_t> asked = 0;
  std::vector<std::jthread> askers;
  for (std::uint32_t i = 0; i < 2; ++i) {
    askers.emplace_back([&, i] {
      while (!done || asked < 100) {
        try {
          failures += ask_deployed("blue", i).items.empty() ? 1 : 0;
        } catch (const core::error&) {
          ++failures;
        }
        ++asked;
      }
    });
  }
  for (int i = 0; i < 40; ++i) {
    deploy("blue", 1 + i % 2);
    answers_->drop_replaced();
  }
  done = true;
  askers.clear();
  EXPECT_EQ(failures, 0U);
}

TEST_P(deployments_on_both, a_version_that_answers_no_more_leaves_the_memory) {
  train();
  train();
  deploy("blue", 1);
  ask_deployed("blue", 1);
  const std::weak_ptr<const served_model> before = all_->served({"main", "blue"});
  answers_->drop_replaced();
  EXPECT_FALSE(before.expired());
  deploy("blue", 2);
  answers_->drop_replaced();
  EXPECT_TRUE(before.expired());
}

}  // namespace
}  // namespace eunomia::recommend
