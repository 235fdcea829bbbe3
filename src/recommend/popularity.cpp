#include "recommend/popularity.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "recommend/learned_model.h"
#include "recommend/parameters.h"
#include "recommend/popular_tail.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "popularity";

class popularity_scorer final : public scorer {
 public:
  popularity_scorer(std::shared_ptr<const catalogue> items, std::vector<std::uint64_t> sums,
                    std::uint32_t quanta_per_unit)
      : scorer(std::move(items)), sums_(std::move(sums)), scores_(sums_.size()) {
    std::transform(sums_.begin(), sums_.end(), scores_.begin(), [&](std::uint64_t sum) {
      return sum == 0 ? -std::numeric_limits<float>::infinity()
                      : static_cast<float>(static_cast<double>(sum) / quanta_per_unit);
    });
  }

  void score(const person&, std::span<float> scores) const override {
    assert(scores.size() == scores_.size());
    std::copy(scores_.begin(), scores_.end(), scores.begin());
  }
  std::vector<scored_item> similar(item_position, std::size_t) const override { return {}; }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }

  const std::vector<std::uint64_t>& sums() const { return sums_; }

 private:
  std::vector<std::uint64_t> sums_;  // quanta
  std::vector<float> scores_;
};

class popularity_model final : public learned_model {
 public:
  popularity_model(std::string parameters, preferences rows)
      : learned_model(family_name, std::move(parameters), std::move(rows)) {
    publish(make_scorer(item_sums(learned_from())));
  }

  void save(const std::filesystem::path& file) const override {
    model_file_writer writer(file, family(), parameters());
    writer.add("items", *learned_from().items);
    writer.add("learned", learned_from());
    writer.finish();
  }

 protected:
  std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows, const training_context&) override {
    auto sums = static_cast<const popularity_scorer&>(*current()).sums();
    const preferences& all = learned_from();
    for (const std::uint32_t row : rows) {
      for (std::uint64_t i = all.row_begin[row]; i < all.row_begin[row + 1]; ++i) {
        assert(sums[all.item[i]] >= all.weight[i]);
        sums[all.item[i]] -= all.weight[i];
      }
    }
    return make_scorer(std::move(sums));
  }

 private:
  std::shared_ptr<const scorer> make_scorer(std::vector<std::uint64_t> sums) const {
    return std::make_shared<popularity_scorer>(learned_from().items, std::move(sums), learned_from().quanta_per_unit);
  }
};

class popularity_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::exact; }
  std::string_view source() const noexcept override {
    return "the number of people who have an item, by strength (TopPop in Cremonesi, Koren, Turrin, RecSys 2010)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<popularity_parameters>(family_name, parameters));
  }

  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned) const override {
    (void)read_parameters<popularity_parameters>(family_name, parameters);
    memory_estimate need = memory_of_preferences(data);
    const std::uint64_t sums = data.events.items->size() * (sizeof(std::uint64_t) + sizeof(float));
    need.training_bytes += sums;
    need.model_bytes += 2 * sums;  // two while one replaces the other
    return need;
  }

  std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                               const training_context& context) const override {
    auto chosen = read_parameters<popularity_parameters>(family_name, parameters);
    require_memory(estimate(data, parameters, context.pool.size()), family_name, context);
    context.job.check();
    chosen.weighting = settled(chosen.weighting, data.events);
    return std::make_unique<popularity_model>(core::write_json(chosen),
                                              learn_from(data, chosen.weighting, family_name));
  }

  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context&) const override {
    return std::make_unique<popularity_model>(
        core::write_json(stored_parameters<popularity_parameters>(family_name, *file)),
        file->read_preferences("learned", file->read_catalogue("items")));
  }
};

}  // namespace

void check(const popularity_parameters& parameters) {
  check(parameters.weighting, family_name);
}

const family& popularity_family() {
  static const popularity_family_object object;
  return object;
}

}  // namespace eunomia::recommend
