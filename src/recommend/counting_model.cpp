#include "recommend/counting_model.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace eunomia::recommend {

namespace {

class counting_scorer final : public scorer {
 public:
  counting_scorer(std::shared_ptr<const catalogue> items, std::vector<std::uint64_t> sums,
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

class counting_model final : public learned_model {
 public:
  counting_model(std::string_view family, std::string parameters, preferences rows)
      : learned_model(family, std::move(parameters), std::move(rows)) {
    show(item_sums(learned_from()));
  }

  void save(const std::filesystem::path& file) const override {
    model_file_writer writer(file, family(), parameters());
    writer.add("items", *learned_from().items);
    writer.add("learned", learned_from());
    writer.finish();
  }

 protected:
  std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows, const training_context&) override {
    auto sums = static_cast<const counting_scorer&>(*current()).sums();
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
    return std::make_shared<counting_scorer>(learned_from().items, std::move(sums), learned_from().quanta_per_unit);
  }
  void show(std::vector<std::uint64_t> sums) { publish(make_scorer(std::move(sums))); }
};

}  // namespace

std::vector<std::uint64_t> item_sums(const preferences& rows) {
  std::vector<std::uint64_t> sums(rows.items->size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sums[rows.item[i]] += rows.weight[i];
  }
  return sums;
}

std::unique_ptr<model> make_counting_model(std::string_view family, std::string parameters, preferences rows) {
  return std::make_unique<counting_model>(family, std::move(parameters), std::move(rows));
}

std::unique_ptr<model> load_counting_model(std::string_view family, const model_file& file) {
  return make_counting_model(family, std::string(file.parameters()),
                             file.read_preferences("learned", file.read_catalogue("items")));
}

memory_estimate memory_of_counting_model(const training_data& data) {
  memory_estimate need = memory_of_preferences(data);
  const std::uint64_t sums = data.events.items->size() * (sizeof(std::uint64_t) + sizeof(float));
  need.training_bytes += sums;
  need.model_bytes += 2 * sums;  // two while one replaces the other
  return need;
}

}  // namespace eunomia::recommend
