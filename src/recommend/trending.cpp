#include "recommend/trending.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "recommend/item_days.h"
#include "recommend/learned_model.h"
#include "recommend/parameters.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "trending";
constexpr float no_candidate = -std::numeric_limits<float>::infinity();

class trending_scorer final : public scorer {
 public:
  trending_scorer(std::shared_ptr<const catalogue> items, item_days counts, std::uint32_t quanta_per_unit,
                  double half_life_days)
      : scorer(std::move(items)), counts_(std::move(counts)), half_life_days_(half_life_days) {
    oldest_ = std::numeric_limits<std::int64_t>::max();
    newest_ = std::numeric_limits<std::int64_t>::min();
    begin_.push_back(0);
    for (item_position item = 0; item < counts_.items(); ++item) {
      double sum = 0;
      const auto days = counts_.of(item);
      for (std::size_t i = 0; i < days.size(); ++i) {
        sum = (i == 0 ? 0 : sum * decay(days[i].day - days[i - 1].day)) +
              static_cast<double>(days[i].quanta) / quanta_per_unit;
        sums_.push_back(sum);
      }
      begin_.push_back(sums_.size());
      if (!days.empty()) {
        oldest_ = std::min(oldest_, days.front().day);
        newest_ = std::max(newest_, days.back().day);
      }
    }
    of_newest_day_.resize(counts_.items());
    score_on(newest_, of_newest_day_);
  }

  void score(const person& who, std::span<float> scores) const override {
    assert(scores.size() == of_newest_day_.size());
    const std::int64_t day = day_of_request(who);
    if (day == newest_) {
      std::copy(of_newest_day_.begin(), of_newest_day_.end(), scores.begin());
    } else {
      score_on(day, scores);
    }
  }
  std::vector<scored_item> similar(item_position, std::size_t) const override { return {}; }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }

  const item_days& counts() const { return counts_; }

 private:
  double decay(std::int64_t days) const { return std::exp2(-static_cast<double>(days) / half_life_days_); }

  std::int64_t day_of_request(const person& who) const {
    if (newest_ < oldest_ || (who.now == 0 && who.history.empty())) {
      return newest_;
    }
    std::int64_t now = who.now;
    if (now == 0) {
      now = std::max_element(who.history.begin(), who.history.end(), [](const preference& a, const preference& b) {
              return a.time < b.time;
            })->time;
    }
    return std::clamp(day_of(now), oldest_, newest_);
  }

  void score_on(std::int64_t day, std::span<float> scores) const {
    for (item_position item = 0; item < scores.size(); ++item) {
      const auto days = counts_.of(item);
      const auto after = std::upper_bound(days.begin(), days.end(), day,
                                          [](std::int64_t d, const item_days::day_count& c) { return d < c.day; });
      const auto known = static_cast<std::uint64_t>(after - days.begin());
      scores[item] = known == 0
                         ? no_candidate
                         : static_cast<float>(sums_[begin_[item] + known - 1] * decay(day - days[known - 1].day));
    }
  }

  item_days counts_;
  double half_life_days_;
  std::int64_t oldest_;  // days; oldest_ > newest_: nothing was learned
  std::int64_t newest_;
  std::vector<std::uint64_t> begin_;  // of each item's sums
  std::vector<double> sums_;          // what an item scored on each of its days
  std::vector<float> of_newest_day_;
};

class trending_model final : public learned_model {
 public:
  trending_model(const trending_parameters& parameters, preferences rows)
      : learned_model(family_name, core::write_json(parameters), std::move(rows)),
        half_life_days_(parameters.half_life_days) {
    publish(make_scorer(item_days(learned_from())));
  }

  void save(const std::filesystem::path& file) const override {
    model_file_writer writer(file, family_name, parameters());
    writer.add("items", *learned_from().items);
    writer.add("learned", learned_from());
    writer.finish();
  }

 protected:
  std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows, const training_context&) override {
    item_days counts = static_cast<const trending_scorer&>(*current()).counts();
    counts.subtract(learned_from(), rows);
    return make_scorer(std::move(counts));
  }

 private:
  std::shared_ptr<const scorer> make_scorer(item_days counts) const {
    return std::make_shared<trending_scorer>(learned_from().items, std::move(counts), learned_from().quanta_per_unit,
                                             half_life_days_);
  }

  double half_life_days_;
};

class trending_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::exact; }
  std::string_view source() const noexcept override {
    return "popularity that halves with every half-life (exponential decay: Cormode et al., ICDE 2009)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<trending_parameters>(family_name, parameters));
  }

  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned) const override {
    (void)read_parameters<trending_parameters>(family_name, parameters);
    const std::uint64_t counts =
        data.events.size() * (sizeof(item_days::day_count) + sizeof(double)) + data.events.items->size() * 28;
    memory_estimate need = memory_of_preferences(data);
    need.training_bytes += counts;
    need.model_bytes += 2 * counts;  // two while one replaces the other
    return need;
  }

  std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                               const training_context& context) const override {
    auto chosen = read_parameters<trending_parameters>(family_name, parameters);
    require_memory(estimate(data, parameters, context.pool.size()), family_name, context);
    context.job.check();
    chosen.weighting = settled(chosen.weighting, data.events);
    return std::make_unique<trending_model>(chosen, learn_from(data, chosen.weighting, family_name));
  }

  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context&) const override {
    return std::make_unique<trending_model>(stored_parameters<trending_parameters>(family_name, *file),
                                            file->read_preferences("learned", file->read_catalogue("items")));
  }
};

}  // namespace

void check(const trending_parameters& parameters) {
  require_range(family_name, "half_life_days", parameters.half_life_days, 0.01, 100'000.0);
  check(parameters.weighting, family_name);
}

const family& trending_family() {
  static const trending_family_object object;
  return object;
}

}  // namespace eunomia::recommend
