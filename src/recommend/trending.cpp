#include "recommend/trending.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.h"
#include "recommend/item_periods.h"
#include "recommend/learned_model.h"
#include "recommend/parameters.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "trending";
constexpr float no_candidate = -std::numeric_limits<float>::infinity();

constexpr double ms_per_hour = 3'600'000;
constexpr double hours_per_day = 24;

item_periods counted(const preferences& rows, const trending_parameters& how) {
  return {rows, static_cast<std::int64_t>(how.period_hours * ms_per_hour)};
}

// Sums of each item's counts in each of its periods, those before decayed.
class decayed_sums {
 public:
  decayed_sums(const item_periods& counts, std::uint32_t quanta_per_unit, double half_life_periods)
      : half_life_(half_life_periods) {
    begin_.push_back(0);
    for (item_position item = 0; item < counts.items(); ++item) {
      double sum = 0;
      const auto periods = counts.of(item);
      for (std::size_t i = 0; i < periods.size(); ++i) {
        sum = (i == 0 ? 0 : sum * decay(periods[i].period - periods[i - 1].period)) +
              static_cast<double>(periods[i].quanta) / quanta_per_unit;
        sums_.push_back(sum);
      }
      begin_.push_back(sums_.size());
    }
  }

  // So many periods after the nth of the item's.
  double of(item_position item, std::size_t nth, std::int64_t after) const {
    return sums_[begin_[item] + nth] * decay(after);
  }

 private:
  double decay(std::int64_t periods) const { return std::exp2(-static_cast<double>(periods) / half_life_); }

  double half_life_;
  std::vector<std::uint64_t> begin_;  // of each item's
  std::vector<double> sums_;
};

class trending_scorer final : public scorer {
 public:
  trending_scorer(std::shared_ptr<const catalogue> items, item_periods counts, std::uint32_t quanta_per_unit,
                  const trending_parameters& how)
      : scorer(std::move(items)),
        counts_(std::move(counts)),
        late_(counts_, quanta_per_unit, how.half_life_days * hours_per_day / how.period_hours) {
    if (how.baseline_half_life_days > 0) {
      base_.emplace(counts_, quanta_per_unit, how.baseline_half_life_days * hours_per_day / how.period_hours);
    }
    oldest_ = std::numeric_limits<std::int64_t>::max();
    newest_ = std::numeric_limits<std::int64_t>::min();
    for (item_position item = 0; item < counts_.items(); ++item) {
      if (const auto periods = counts_.of(item); !periods.empty()) {
        oldest_ = std::min(oldest_, periods.front().period);
        newest_ = std::max(newest_, periods.back().period);
      }
    }
    of_newest_.resize(counts_.items());
    score_in(newest_, of_newest_);
  }

  void score(const person& who, std::span<float> scores) const override {
    assert(scores.size() == of_newest_.size());
    const std::int64_t period = period_of_request(who);
    if (period == newest_) {
      std::copy(of_newest_.begin(), of_newest_.end(), scores.begin());
    } else {
      score_in(period, scores);
    }
  }
  std::vector<scored_item> similar(item_position, std::size_t) const override { return {}; }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }

  const item_periods& counts() const { return counts_; }

 private:
  std::int64_t period_of_request(const person& who) const {
    if (newest_ < oldest_ || (who.now == 0 && who.history.empty())) {
      return newest_;
    }
    std::int64_t now = who.now;
    if (now == 0) {
      now = std::max_element(who.history.begin(), who.history.end(), [](const preference& a, const preference& b) {
              return a.time < b.time;
            })->time;
    }
    return std::clamp(counts_.period_of(now), oldest_, newest_);
  }

  // How many of an item's periods have been by then.
  std::size_t known_in(std::int64_t period, item_position item) const {
    const auto periods = counts_.of(item);
    return static_cast<std::size_t>(
        std::upper_bound(periods.begin(), periods.end(), period,
                         [](std::int64_t p, const item_periods::period_count& c) { return p < c.period; }) -
        periods.begin());
  }

  void score_in(std::int64_t period, std::span<float> scores) const {
    double all_late = 0;
    double all_base = 0;
    std::vector<double> base(base_ ? scores.size() : 0);
    for (item_position item = 0; item < scores.size(); ++item) {
      const std::size_t known = known_in(period, item);
      if (known == 0) {
        scores[item] = no_candidate;
        continue;
      }
      const std::int64_t after = period - counts_.of(item)[known - 1].period;
      const double late = late_.of(item, known - 1, after);
      scores[item] = static_cast<float>(late);
      if (base_) {
        base[item] = base_->of(item, known - 1, after);
        all_late += late;
        all_base += base[item];
      }
    }
    if (base_ && all_base > 0) {
      for (item_position item = 0; item < scores.size(); ++item) {
        const double expected = base[item] * all_late / all_base;
        scores[item] = static_cast<float>((scores[item] - expected) / std::sqrt(expected + 1));
      }
    }
  }

  item_periods counts_;
  decayed_sums late_;
  std::optional<decayed_sums> base_;
  std::int64_t oldest_;  // periods; oldest_ > newest_: nothing was learned
  std::int64_t newest_;
  std::vector<float> of_newest_;
};

class trending_model final : public learned_model {
 public:
  trending_model(const trending_parameters& how, preferences rows)
      : learned_model(family_name, core::write_json(how), std::move(rows)), how_(how) {
    publish(make_scorer(counted(learned_from(), how_)));
  }

  void save(const std::filesystem::path& file) const override {
    model_file_writer writer(file, family_name, parameters());
    writer.add("items", *learned_from().items);
    writer.add("learned", learned_from());
    writer.finish();
  }

 protected:
  std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows, const training_context&) override {
    item_periods counts = static_cast<const trending_scorer&>(*current()).counts();
    counts.subtract(learned_from(), rows);
    return make_scorer(std::move(counts));
  }

 private:
  std::shared_ptr<const scorer> make_scorer(item_periods counts) const {
    return std::make_shared<trending_scorer>(learned_from().items, std::move(counts), learned_from().quanta_per_unit,
                                             how_);
  }

  const trending_parameters how_;
};

class trending_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::exact; }
  std::string_view source() const noexcept override {
    return "popularity that halves with every half-life (exponential decay: Cormode et al., ICDE 2009), or what has "
           "more of it than its baseline (after SigniTrend: Schubert et al., KDD 2014)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<trending_parameters>(family_name, parameters));
  }

  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned) const override {
    (void)read_parameters<trending_parameters>(family_name, parameters);
    const std::uint64_t counts =
        data.events.size() * (sizeof(item_periods::period_count) + 2 * sizeof(double)) + data.events.items->size() * 36;
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
  require_range(family_name, "period_hours", parameters.period_hours, 0.25, 8'760.0);
  if (const double baseline = parameters.baseline_half_life_days; baseline != 0) {
    require_range(family_name, "baseline_half_life_days", baseline, 0.01, 100'000.0);
    if (baseline <= parameters.half_life_days) {
      throw core::error(
          core::errc::invalid_argument,
          fmt::format("{}: baseline_half_life_days must be 0 (none), or above half_life_days = {}, got {}", family_name,
                      parameters.half_life_days, baseline));
    }
  }
  check(parameters.weighting, family_name);
}

const family& trending_family() {
  static const trending_family_object object;
  return object;
}

}  // namespace eunomia::recommend
