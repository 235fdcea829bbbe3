#include "recommend/ease.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/file.h"
#include "core/temporary_directory.h"
#include "recommend/ease_gram.h"
#include "recommend/ease_trend.h"
#include "recommend/online_retail.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using core::subject_handle;
using testing::events_of;
using testing::events_without;
using testing::message_of;
using testing::numbered_items;
using testing::online_retail;
using testing::random_shop;
using testing::scores_of;
using testing::workshop;

// Plain EASE, as in the paper.
constexpr std::string_view plain = R"({"lambda":3,"precision":"float64"})";

std::string bytes_of(const model& m) {
  const core::temporary_directory folder;
  m.save(folder.path() / "model");
  return core::read_file(folder.path() / "model", std::size_t{1} << 30);
}

// B of the paper from dense matrices, by Gauss-Jordan: [n x n] over the catalogue, for items that somebody has.
std::vector<double> weights_of_the_paper(const preferences& rows, double lambda, double dropout) {
  const std::uint32_t n = rows.items->size();
  std::vector<double> a(std::size_t{n} * n), p(std::size_t{n} * n);
  for (std::uint32_t r = 0; r < rows.rows(); ++r) {
    for (const preference& x : rows.history_of(r)) {
      for (const preference& y : rows.history_of(r)) {
        a[x.item * n + y.item] += static_cast<double>(x.weight) * static_cast<double>(y.weight);
      }
    }
  }
  for (std::uint32_t i = 0; i < n; ++i) {
    a[i * n + i] = a[i * n + i] * (1 + dropout / (1 - dropout)) + lambda;
    p[i * n + i] = 1;
  }
  for (std::uint32_t k = 0; k < n; ++k) {
    const double pivot = a[k * n + k];
    for (std::uint32_t j = 0; j < n; ++j) {
      a[k * n + j] /= pivot;
      p[k * n + j] /= pivot;
    }
    for (std::uint32_t i = 0; i < n; ++i) {
      const double factor = a[i * n + k];
      for (std::uint32_t j = 0; i != k && j < n; ++j) {
        a[i * n + j] -= factor * a[k * n + j];
        p[i * n + j] -= factor * p[k * n + j];
      }
    }
  }
  std::vector<double> b(std::size_t{n} * n);
  for (std::uint32_t i = 0; i < n; ++i) {
    for (std::uint32_t j = 0; j < n; ++j) {
      b[i * n + j] = i == j ? 0 : -p[i * n + j] / p[j * n + j];
    }
  }
  return b;
}

void expect_scores_of_the_paper(const model& m, double lambda, double dropout, double tolerance) {
  const preferences& rows = m.learned_from();
  const std::uint32_t n = rows.items->size();
  const auto b = weights_of_the_paper(rows, lambda, dropout);
  std::vector<bool> has_people(n);
  for (const item_position item : rows.item) {
    has_people[item] = true;
  }
  for (std::uint32_t r = 0; r < rows.rows(); ++r) {
    const auto history = rows.history_of(r);
    const auto scores = scores_of(*m.current(), {history});
    for (std::uint32_t j = 0; j < n; ++j) {
      if (!has_people[j]) {
        ASSERT_EQ(scores[j], -INFINITY) << "item " << j;
        continue;
      }
      double expected = 0;
      for (const preference& x : history) {
        expected += static_cast<double>(x.weight) * b[x.item * n + j];
      }
      ASSERT_NEAR(scores[j], expected, tolerance) << "row " << r << ", item " << j;
    }
  }
}

class ease_test : public ::testing::Test {
 protected:
  interactions shop_of(std::uint32_t people, std::uint32_t items) { return random_shop(random_, people, items, 8); }
  std::unique_ptr<model> train(const interactions& events, std::string_view parameters) {
    return ease_family().train({events, {}}, parameters, shop_.context());
  }

  const unsigned seed_ = std::random_device{}();
  std::mt19937_64 random_{seed_};
  ::testing::ScopedTrace trace_{__FILE__, __LINE__, fmt::format("seed {}", seed_)};
  workshop shop_;
};

TEST_F(ease_test, scores_as_the_paper_does) {
  for (const std::uint32_t items : {1U, 2U, 30U, 430U}) {
    const auto m = train(shop_of(60, items), plain);
    expect_scores_of_the_paper(*m, 3, 0, 1e-5);
  }
}

TEST_F(ease_test, scores_as_the_paper_does_with_weights) {
  const auto m = train(shop_of(60, 40), R"({"lambda":3,
      "weighting":{"event_weights":{"view":0.3,"purchase":2.5},"half_life_days":200}})");
  EXPECT_EQ(m->learned_from().quanta_per_unit, preferences::fine_quanta);
  expect_scores_of_the_paper(*m, 3, 0, 1e-5);
}

TEST_F(ease_test, scores_as_the_paper_does_in_float32) {
  const auto m = train(shop_of(60, 40), R"({"lambda":3,
      "precision":"float32"})");
  expect_scores_of_the_paper(*m, 3, 0, 1e-4);
}

TEST_F(ease_test, regularises_by_dropout) {
  const auto m = train(shop_of(60, 40), R"({"lambda":3,"dropout":0.3})");
  expect_scores_of_the_paper(*m, 3, 0.3, 1e-5);
}

TEST_F(ease_test, learns_from_one_person_with_one_item) {
  const auto m = train(events_of({{7, 1}}, numbered_items(3)), "{}");
  const preference had{1, 1, testing::day};
  const auto scores = scores_of(*m->current(), {std::span(&had, 1)});
  EXPECT_EQ(scores[0], -INFINITY);
  EXPECT_EQ(scores[1], 0);
  EXPECT_EQ(scores[2], -INFINITY);
}

TEST_F(ease_test, an_item_whose_last_person_is_forgotten_is_no_candidate) {
  auto events = shop_of(80, 30);
  events.items = numbered_items(31);
  events.subject.push_back(subject_handle(99));
  events.item.push_back(30);
  events.time.push_back(testing::day);
  events.event_type.push_back(0);
  events.subject.push_back(subject_handle(99));
  events.item.push_back(3);
  events.time.push_back(testing::day);
  events.event_type.push_back(0);
  const auto m = train(events, plain);
  const subject_handle gone(99);
  EXPECT_EQ(m->forget(std::span(&gone, 1), shop_.context()).level, forgetting_level::exact_up_to_rounding);
  expect_scores_of_the_paper(*m, 3, 0, 1e-5);
  const preference had{30, 1, testing::day};
  for (const float score : scores_of(*m->current(), {std::span(&had, 1)})) {
    EXPECT_FALSE(std::abs(score) > 0 && std::isfinite(score)) << "the residue of the item was left: " << score;
  }
  EXPECT_TRUE(m->current()->similar(30, 5).empty());
}

TEST_F(ease_test, a_downdate_scores_as_the_paper_does) {
  for (const std::string_view parameters : {plain, std::string_view(R"({"lambda":3,"dropout":0.3})"),
                                            std::string_view(R"({"lambda":3,"precision":"float32"})")}) {
    const auto m = train(shop_of(90, 400), parameters);
    const double dropout = parameters.find("dropout") != std::string_view::npos ? 0.3 : 0;
    for (std::uint32_t batch = 1; batch < 4; ++batch) {
      const std::vector<subject_handle> gone(m->learned_from().subjects.begin() + 1,
                                             m->learned_from().subjects.begin() + 1 + batch);
      const auto report = m->forget(gone, shop_.context());
      EXPECT_EQ(report.level, forgetting_level::exact_up_to_rounding);
      EXPECT_EQ(report.subjects, batch);
      expect_scores_of_the_paper(*m, 3, dropout, 1e-4);
    }
  }
}

TEST_F(ease_test, rederiving_after_downdates_gives_the_bytes_of_a_retrain) {
  const auto events = shop_of(120, 400);
  for (const std::string_view parameters :
       {std::string_view(R"({"trend_exponent":0.25})"), std::string_view(R"({"precision":"float32","dropout":0.2,
         "weighting":{"event_weights":{"view":0.3},"half_life_days":90,"as_of":34560000000}})")}) {
    const auto m = train(events, parameters);
    const auto everybody = m->learned_from().subjects;
    const std::vector<subject_handle> gone(everybody.begin() + 10, everybody.begin() + 30);
    for (const subject_handle one : gone) {
      EXPECT_EQ(m->forget(std::span(&one, 1), shop_.context()).level, forgetting_level::exact_up_to_rounding);
    }
    m->rederive(shop_.context());
    const auto retrained = train(events_without(events, gone), m->parameters());
    EXPECT_TRUE(bytes_of(*m) == bytes_of(*retrained));
    EXPECT_EQ(m->forget({}, shop_.context()).level, forgetting_level::exact);
  }
}

TEST_F(ease_test, a_large_batch_is_forgotten_exactly_at_once) {
  const auto events = shop_of(120, 40);
  const auto m = train(events, "{}");
  const auto everybody = m->learned_from().subjects;
  const std::vector<subject_handle> gone(everybody.begin(), everybody.begin() + 60);
  EXPECT_EQ(m->forget(gone, shop_.context()).level, forgetting_level::exact);
  EXPECT_TRUE(bytes_of(*m) == bytes_of(*train(events_without(events, gone), m->parameters())));
}

TEST_F(ease_test, a_cancelled_rederivation_leaves_the_model_and_can_be_repeated) {
  const auto events = shop_of(120, 400);
  const auto m = train(events, "{}");
  const auto everybody = m->learned_from().subjects;
  (void)m->forget(std::span(&everybody[5], 1), shop_.context());
  const std::string before = bytes_of(*m);
  workshop impatient;
  impatient.job.cancel();
  (void)message_of(core::errc::cancelled, [&] { m->rederive(impatient.context()); });
  EXPECT_TRUE(bytes_of(*m) == before);
  EXPECT_EQ(m->forget(std::span(&everybody[6], 1), shop_.context()).level, forgetting_level::exact);
  EXPECT_TRUE(bytes_of(*m) == bytes_of(*train(events_without(events, {everybody[5], everybody[6]}), m->parameters())));
}

TEST_F(ease_test, serves_a_saved_model_with_the_same_scores) {
  const auto m = train(shop_of(60, 100), "{}");
  const core::temporary_directory folder;
  m->save(folder.path() / "model");
  const auto opened = load_model(folder.path() / "model", shop_.context());
  const auto history = m->learned_from().history_of(3);
  EXPECT_EQ(scores_of(*opened->current(), {history}), scores_of(*m->current(), {history}));
}

TEST_F(ease_test, similar_items_are_those_that_the_item_alone_would_recommend) {
  const auto m = train(shop_of(90, 50), plain);
  for (const item_position item : {m->learned_from().item[0], m->learned_from().item[9]}) {
    const preference had{item, 1, testing::day};
    const auto scores = scores_of(*m->current(), {std::span(&had, 1)});
    const auto similar = m->current()->similar(item, 5);
    ASSERT_FALSE(similar.empty());
    float last = INFINITY;
    for (const auto& [other, score] : similar) {
      EXPECT_NE(other, item);
      EXPECT_EQ(score, scores[other]);
      EXPECT_LE(score, last);
      last = score;
    }
    for (item_position other = 0; other < 50; ++other) {
      EXPECT_TRUE(other == item || scores[other] <= similar.front().score);
    }
  }
}

TEST_F(ease_test, shares_of_an_explanation_sum_to_one_and_name_what_was_had) {
  const auto m = train(shop_of(90, 50), plain);
  const auto history = m->learned_from().history_of(4);
  const auto scores = scores_of(*m->current(), {history});
  const auto best = static_cast<item_position>(std::max_element(scores.begin(), scores.end()) - scores.begin());
  const auto reasons = m->current()->explain({history}, best, 3);
  ASSERT_FALSE(reasons.empty());
  double sum = 0;
  for (const auto& [item, share] : reasons) {
    sum += static_cast<double>(share);
    EXPECT_GT(share, 0);
    EXPECT_TRUE(std::any_of(history.begin(), history.end(), [&](const preference& p) { return p.item == item; }));
  }
  EXPECT_NEAR(sum, 1, 1e-6);
}

TEST_F(ease_test, items_met_of_late_rank_above_others_with_the_same_weights) {
  // Two items with the same people beside item 0, one met last on day 1, the other on day 99.
  std::vector<testing::event> rows;
  for (std::uint64_t person = 1; person <= 20; ++person) {
    rows.push_back({person, 0, testing::day});
    rows.push_back({person, 1, testing::day});
    rows.push_back({person, 2, 99 * testing::day});
  }
  const auto m = train(events_of(rows, numbered_items(3)), R"({"lambda":1,"trend_exponent":0.25})");
  const preference had{0, 1, 100 * testing::day};
  const auto scores = scores_of(*m->current(), {std::span(&had, 1), {}, 100 * testing::day});
  EXPECT_GT(scores[1], 0);
  EXPECT_GT(scores[2], scores[1]);
}

TEST_F(ease_test, refuses_what_memory_does_not_hold_and_says_how_much_it_is) {
  const auto events = shop_of(60, 200);
  const auto need = ease_family().estimate({events, {}}, "{}", 2);
  training_context context = shop_.context();
  context.memory_limit = 100'000;
  const auto message = message_of(core::errc::resource_exhausted, [&] {
    (void)ease_family().train({events, {}}, R"({"precision":"float64"})", context);
  });
  EXPECT_NE(message.find("MiB"), std::string::npos) << message;
  EXPECT_GT(need.training_bytes, 200U * 200 * 8 / 2);
}

TEST_F(ease_test, refuses_sums_of_weights_beyond_its_integers) {
  std::vector<testing::event> rows;
  for (std::uint64_t person = 1; person <= 5000; ++person) {
    rows.push_back({person, 0, testing::day, 1});
  }
  const auto events = events_of(rows, numbered_items(2));
  const auto message = message_of(core::errc::failed_precondition,
                                  [&] { (void)train(events, R"({"weighting":{"event_weights":{"purchase":15.9}}})"); });
  EXPECT_NE(message.find("item 0000000"), std::string::npos) << message;
}

TEST_F(ease_test, refuses_parameters_out_of_range_by_name) {
  for (const std::string name : {"lambda", "dropout", "trend_exponent", "trend_half_life_days"}) {
    const auto message = message_of(core::errc::invalid_argument,
                                    [&] { (void)ease_family().complete(fmt::format(R"({{"{}":-1}})", name)); });
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
  (void)message_of(core::errc::invalid_argument, [] { (void)ease_family().complete(R"({"precision":"float16"})"); });
}

TEST_F(ease_test, counts_without_people_are_those_of_the_others) {
  const auto events = shop_of(30, 20);
  const preferences rows = prepare(events, {});
  const std::vector<std::uint32_t> gone = {2, 3, 17};
  std::vector<subject_handle> subjects;
  for (const std::uint32_t row : gone) {
    subjects.push_back(rows.subjects[row]);
  }
  const auto updated = daily_counts(rows).without(rows, gone);
  const daily_counts anew(rows.without(subjects));
  for (std::int64_t now = 0; now < 450; now += 7) {
    std::vector<float> a(20), b(20);
    updated.decayed(now * testing::day, 11, a);
    anew.decayed(now * testing::day, 11, b);
    EXPECT_EQ(a, b) << "on day " << now;
  }
}

// On real data.

class ease_on_online_retail : public ease_test {
 protected:
  void SetUp() override {
    data_ = online_retail::read();
    if (!data_) {
      GTEST_SKIP() << "the Online Retail data are absent: set EUNOMIA_SHARED to the folder that has "
                      "data/online-retail/split";
    }
  }
  testing::quality quality_with(std::string_view parameters) {
    const auto m = train(data_->train, parameters);
    return testing::quality_of(testing::all_top_25(*m->current(), *data_), *data_);
  }

  std::optional<online_retail> data_;
};

TEST_F(ease_on_online_retail, plain_ease_reaches_the_reference) {
  const auto q = quality_with(R"({"lambda":500,"precision":"float32"})");
  EXPECT_GE(q.ndcg_at_10, 0.089);
  EXPECT_GE(q.recall_at_20, 0.170);
}

TEST_F(ease_on_online_retail, time_passes_plain_ease_clearly) {
  const auto q = quality_with(
      R"({"lambda":300,"precision":"float32","history":{"older_weight":0.1},"weighting":{"half_life_days":180}})");
  EXPECT_GE(q.ndcg_at_10, 0.11);
  EXPECT_GE(q.recall_at_20, 0.180);
}

TEST_F(ease_on_online_retail, erasures_leave_the_top_25_and_then_the_bytes_of_a_retrain) {
  constexpr std::size_t erasures = 200;
  const auto m = train(data_->train, "{}");
  std::vector<subject_handle> gone = m->learned_from().subjects;
  std::shuffle(gone.begin(), gone.end(), random_);
  gone.resize(erasures);
  for (const subject_handle one : gone) {
    (void)m->forget(std::span(&one, 1), shop_.context());
  }
  const auto retrained = train(events_without(data_->train, gone), m->parameters());
  EXPECT_EQ(testing::all_top_25(*m->current(), *data_), testing::all_top_25(*retrained->current(), *data_));
  m->rederive(shop_.context());
  EXPECT_TRUE(bytes_of(*m) == bytes_of(*retrained));
}

}  // namespace
}  // namespace eunomia::recommend
