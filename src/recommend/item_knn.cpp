#include "recommend/item_knn.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "recommend/cooccurrence.h"
#include "recommend/item_knn_lists.h"
#include "recommend/item_knn_scorer.h"
#include "recommend/learned_model.h"
#include "recommend/parameters.h"
#include "recommend/popular_tail.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "item-knn";
constexpr std::uint32_t maximum_neighbours = 10'000;
constexpr std::uint32_t row_gone = UINT32_MAX;

class item_knn_model final : public learned_model {
 public:
  // lists: of these rows; null: find them.
  item_knn_model(const item_knn_parameters& parameters, preferences rows, std::shared_ptr<const neighbour_lists> lists,
                 const training_context& context)
      : learned_model(family_name, core::write_json(parameters), std::move(rows)),
        parameters_(parameters),
        columns_(learned_from().transposed()),
        counts_(learned_from(), columns_, parameters.minimum_co_interactions > 1),
        now_{counts_.diagonal(), item_sums(learned_from()),
             item_similarity(parameters, learned_from().quanta_per_unit, counts_.diagonal())} {
    if (lists == nullptr) {
      lists =
          std::make_shared<neighbour_lists>(find_neighbours(counts_, now_.similarity, parameters_.neighbours, context));
    }
    publish(make_scorer(std::move(lists), now_));
  }

  void save(const std::filesystem::path& file) const override {
    const auto lists = current_lists();
    std::vector<std::uint32_t> counts;
    std::vector<item_position> items;
    std::vector<float> similarities;
    for (item_position j = 0; j < lists->items(); ++j) {
      counts.push_back(static_cast<std::uint32_t>(lists->of(j).size()));
      for (const neighbour& n : lists->of(j)) {
        items.push_back(n.item);
        similarities.push_back(n.similarity);
      }
    }
    model_file_writer writer(file, family_name, parameters());
    writer.add("items", *learned_from().items);
    writer.add("learned", learned_from());
    writer.add("neighbours.count", counts);
    writer.add("neighbours.item", items);
    writer.add("neighbours.similarity", similarities);
    writer.finish();
  }

 protected:
  std::shared_ptr<const scorer> scorer_without(std::span<const std::uint32_t> rows,
                                               const training_context& context) override;
  void commit(std::span<const std::uint32_t> rows) noexcept override;

 private:
  // What follows from the rows, by item.
  struct sums_of_items {
    std::vector<std::uint64_t> diagonal;  // squared quanta
    std::vector<std::uint64_t> weight;    // quanta
    item_similarity similarity;
  };

  std::shared_ptr<const neighbour_lists> current_lists() const {
    return static_cast<const item_knn_scorer&>(*current()).lists();
  }
  std::shared_ptr<const scorer> make_scorer(std::shared_ptr<const neighbour_lists> lists,
                                            const sums_of_items& sums) const {
    return std::make_shared<item_knn_scorer>(learned_from().items, std::move(lists), popular_tail(sums.weight),
                                             parameters_);
  }
  // Takes the rows out of the sums and gives the items whose lists must be counted again, ascending: those of the rows.
  std::vector<item_position> subtract(std::span<const std::uint32_t> rows, sums_of_items& sums) const;

  item_knn_parameters parameters_;
  preferences::columns columns_;
  cooccurrence_rows counts_;
  sums_of_items now_;
  std::optional<sums_of_items> next_;    // of the scorer that commit() follows
  std::vector<std::uint32_t> next_row_;  // of each row, where it will be
};

std::vector<item_position> item_knn_model::subtract(std::span<const std::uint32_t> rows, sums_of_items& sums) const {
  const preferences& all = learned_from();
  std::vector<item_position> items;
  for (const std::uint32_t row : rows) {
    for (std::uint64_t p = all.row_begin[row]; p < all.row_begin[row + 1]; ++p) {
      items.push_back(all.item[p]);
      sums.diagonal[all.item[p]] -= std::uint64_t{all.weight[p]} * all.weight[p];
      sums.weight[all.item[p]] -= all.weight[p];
    }
  }
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  bool none_shrank = true;
  for (const item_position item : items) {
    none_shrank &= sums.similarity.set(item, sums.diagonal[item]);
  }
  if (!none_shrank) {  // by the rounding of pow(): rather all lists than a wrong one
    items.resize(all.items->size());
    std::iota(items.begin(), items.end(), 0U);
  }
  return items;
}

std::shared_ptr<const scorer> item_knn_model::scorer_without(std::span<const std::uint32_t> rows,
                                                             const training_context& context) {
  const preferences& all = learned_from();
  sums_of_items next = now_;
  const std::vector<item_position> changed = subtract(rows, next);
  std::vector<bool> gone(all.rows());
  for (const std::uint32_t row : rows) {
    gone[row] = true;
  }
  auto lists = std::make_shared<neighbour_lists>(*current_lists());
  lists->recount({counts_, next.similarity, gone}, changed, context);
  auto result = make_scorer(std::move(lists), next);

  next_row_.resize(all.rows());
  std::uint32_t kept = 0;
  for (std::uint32_t row = 0; row < all.rows(); ++row) {
    next_row_[row] = gone[row] ? row_gone : kept++;
  }
  next_ = std::move(next);
  return result;
}

void item_knn_model::commit(std::span<const std::uint32_t>) noexcept {
  now_ = std::move(*next_);
  std::uint64_t kept = 0;
  std::uint64_t begin = 0;
  for (std::size_t item = 0; item + 1 < columns_.begin.size(); ++item) {
    const std::uint64_t end = columns_.begin[item + 1];
    for (std::uint64_t p = begin; p < end; ++p) {
      if (const std::uint32_t row = next_row_[columns_.row[p]]; row != row_gone) {
        columns_.row[kept] = row;
        columns_.weight[kept] = columns_.weight[p];
        ++kept;
      }
    }
    begin = end;
    columns_.begin[item + 1] = kept;
  }
  columns_.row.resize(kept);
  columns_.weight.resize(kept);
}

std::shared_ptr<const neighbour_lists> read_lists(const model_file& file, const catalogue& items, std::uint32_t limit) {
  const auto counts = file.array<std::uint32_t>("neighbours.count");
  const auto neighbours = file.array<item_position>("neighbours.item");
  const auto similarities = file.array<float>("neighbours.similarity");
  if (counts.size() != items.size() || neighbours.size() != similarities.size()) {
    file.refuse("sections \"neighbours\" do not belong together");
  }
  auto lists = std::make_shared<neighbour_lists>(items.size(), limit);
  std::vector<neighbour> found;
  std::size_t at = 0;
  for (item_position j = 0; j < items.size(); ++j) {
    if (counts[j] > limit || counts[j] > neighbours.size() - at) {
      file.refuse("section \"neighbours.count\" is out of range");
    }
    found.clear();
    for (const std::size_t end = at + counts[j]; at < end; ++at) {
      if (neighbours[at] >= items.size() || neighbours[at] == j || !(similarities[at] > 0) ||
          !std::isfinite(similarities[at])) {
        file.refuse("section \"neighbours.item\" or \"neighbours.similarity\" is out of range");
      }
      found.push_back({neighbours[at], similarities[at]});
    }
    if (!std::is_sorted(found.begin(), found.end())) {
      file.refuse("section \"neighbours.similarity\" is not in order");
    }
    lists->assign(j, found);
  }
  if (at != neighbours.size()) {
    file.refuse("section \"neighbours.count\" does not add up");
  }
  return lists;
}

class item_knn_family_object final : public family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::exact; }
  std::string_view source() const noexcept override {
    return "item-based nearest neighbours (Sarwar et al., WWW 2001; Deshpande, Karypis, TOIS 2004)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<item_knn_parameters>(family_name, parameters));
  }

  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned threads) const override {
    const auto chosen = read_parameters<item_knn_parameters>(family_name, parameters);
    const std::uint64_t items = data.events.items->size();
    const std::uint64_t lists = items * (sizeof(std::vector<neighbour>) + chosen.neighbours * sizeof(neighbour));
    const std::uint64_t votes = items * chosen.neighbours * sizeof(neighbour);
    const std::uint64_t columns = data.events.size() * 6;
    memory_estimate need = memory_of_preferences(data);
    need.training_bytes +=
        columns + lists + votes + threads * cooccurrence_rows::scratch_bytes(data.events.items->size());
    need.model_bytes += columns + 2 * (lists + votes) + items * 64;
    return need;
  }

  std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                               const training_context& context) const override {
    auto chosen = read_parameters<item_knn_parameters>(family_name, parameters);
    require_memory(estimate(data, parameters, context.pool.size()), family_name, context);
    context.job.check();
    chosen.weighting = settled(chosen.weighting, data.events);
    return std::make_unique<item_knn_model>(chosen, learn_from(data, chosen.weighting, family_name), nullptr, context);
  }

  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context& context) const override {
    const auto parameters = stored_parameters<item_knn_parameters>(family_name, *file);
    const auto items = file->read_catalogue("items");
    return std::make_unique<item_knn_model>(parameters, file->read_preferences("learned", items),
                                            read_lists(*file, *items, parameters.neighbours), context);
  }
};

}  // namespace

void check(const item_knn_parameters& parameters) {
  require_range(family_name, "neighbours", parameters.neighbours, 1U, maximum_neighbours);
  require_range(family_name, "popularity_discount", parameters.popularity_discount, 0.0, 1.0);
  require_range(family_name, "shrinkage", parameters.shrinkage, 0.0, 1e9);
  require_range(family_name, "minimum_co_interactions", parameters.minimum_co_interactions, 1U, 1'000'000U);
  require_range(family_name, "exponent", parameters.exponent, 0.01, 10.0);
  check(parameters.history, family_name);
  check(parameters.weighting, family_name);
}

const family& item_knn_family() {
  static const item_knn_family_object object;
  return object;
}

}  // namespace eunomia::recommend
