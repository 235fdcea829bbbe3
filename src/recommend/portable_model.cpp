#include "recommend/portable_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/error.h"
#include "core/json.h"
#include "recommend/dense/square.h"
#include "recommend/ease_scorer.h"
#include "recommend/ials.h"
#include "recommend/ials_scorer.h"
#include "recommend/item_knn_scorer.h"
#include "recommend/parameters.h"
#include "recommend/popular_tail.h"
#include "recommend/popularity.h"

namespace eunomia::recommend {

namespace {

using core::errc;

constexpr std::array<std::string_view, 4> portable_families = {"popularity", "item-knn", "ease", "ials"};

[[noreturn]] void refuse(const std::string& what) {
  throw core::error(errc::invalid_argument, what);
}

template <class T>
constexpr array_type type_of() {
  if constexpr (std::is_same_v<T, float>) {
    return array_type::float32;
  } else if constexpr (std::is_same_v<T, std::uint8_t>) {
    return array_type::uint8;
  } else if constexpr (std::is_same_v<T, std::uint32_t>) {
    return array_type::uint32;
  } else {
    static_assert(std::is_same_v<T, std::uint64_t>);
    return array_type::uint64;
  }
}

std::string text_of(const std::vector<std::uint64_t>& shape) {
  std::string text;
  for (const std::uint64_t extent : shape) {
    text += fmt::format("{}{}", text.empty() ? "" : " x ", extent);
  }
  return "[" + text + "]";
}

constexpr std::uint64_t any_extent = UINT64_MAX;

// A copy of an array, which must be of this type and shape. The bytes may stand anywhere: they are not aligned.
template <class T>
std::vector<T> read(const portable_model& from, const std::string& name, const std::vector<std::uint64_t>& shape) {
  const auto found = from.arrays.find(name);
  if (found == from.arrays.end()) {
    refuse(fmt::format("a model of the family {} has an array \"{}\", and this one has not", from.family, name));
  }
  const portable_array& array = found->second;
  const bool fits =
      array.type == type_of<T>() && array.shape.size() == shape.size() &&
      std::equal(shape.begin(), shape.end(), array.shape.begin(),
                 [](std::uint64_t wanted, std::uint64_t is) { return wanted == any_extent || wanted == is; });
  if (!fits || array.bytes.size() % sizeof(T) != 0 || array.bytes.size() / sizeof(T) != array.elements()) {
    refuse(fmt::format("array \"{}\" is {}, which does not fit {} items or is not of its type", name,
                       text_of(array.shape), from.items->size()));
  }
  std::vector<T> values(array.elements());
  if (!values.empty()) {
    std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
  }
  if constexpr (std::is_same_v<T, float>) {
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); })) {
      refuse(fmt::format("array \"{}\" holds a value that is no finite number", name));
    }
  }
  return values;
}

template <class T>
portable_array array_of(std::vector<T> values, std::vector<std::uint64_t> shape) {
  auto owner = std::make_shared<std::vector<T>>(std::move(values));
  const std::span<const std::byte> bytes = std::as_bytes(std::span(*owner));
  return {type_of<T>(), std::move(shape), {bytes, std::move(owner)}};
}

// The same popularity for everybody.
class fixed_scorer final : public scorer {
 public:
  fixed_scorer(std::shared_ptr<const catalogue> items, std::vector<float> scores)
      : scorer(std::move(items)), scores_(std::move(scores)) {
    for (float& each : scores_) {
      each = each > 0 ? each : -std::numeric_limits<float>::infinity();
    }
  }
  void score(const person&, std::span<float> scores) const override {
    assert(scores.size() == scores_.size());
    std::copy(scores_.begin(), scores_.end(), scores.begin());
  }
  std::vector<scored_item> similar(item_position, std::size_t) const override { return {}; }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }

 private:
  std::vector<float> scores_;
};

std::shared_ptr<const scorer> popularity_of(const portable_model& from) {
  (void)read_parameters<popularity_parameters>(from.family, from.parameters);
  return std::make_shared<fixed_scorer>(from.items, read<float>(from, "scores", {from.items->size()}));
}

std::shared_ptr<const scorer> item_knn_of(const portable_model& from) {
  const auto parameters = read_parameters<item_knn_parameters>(from.family, from.parameters);
  const std::uint32_t n = from.items->size();
  const auto begin = read<std::uint64_t>(from, "neighbours_begin", {std::uint64_t{n} + 1});
  const auto item = read<std::uint32_t>(from, "neighbours_item", {any_extent});
  const auto similarity = read<float>(from, "neighbours_similarity", {item.size()});
  auto tail = read<float>(from, "tail", {n});
  if (begin.front() != 0 || begin.back() != item.size() || !std::is_sorted(begin.begin(), begin.end())) {
    refuse("array \"neighbours_begin\" does not ascend from 0 to the number of neighbours");
  }
  auto lists = std::make_shared<neighbour_lists>(n, parameters.neighbours);
  std::vector<neighbour> nearest;
  for (item_position candidate = 0; candidate < n; ++candidate) {
    nearest.clear();
    for (std::uint64_t at = begin[candidate]; at < begin[candidate + 1]; ++at) {
      if (item[at] >= n || item[at] == candidate || !(similarity[at] > 0)) {
        refuse(
            "array \"neighbours_item\" holds no position of another item, or \"neighbours_similarity\" no positive "
            "number");
      }
      nearest.push_back({item[at], similarity[at]});
    }
    if (nearest.size() > parameters.neighbours || !std::is_sorted(nearest.begin(), nearest.end())) {
      refuse(
          "the neighbours of an item are more than its parameters say, or not in order: the most similar first, then "
          "by position");
    }
    lists->assign(candidate, nearest);
  }
  // 0 stands for no candidate: infinity is no number that everybody's reader knows.
  for (float& each : tail) {
    if (each > 0) {
      refuse("array \"tail\" holds a value above 0");
    }
    each = each < 0 ? each : -std::numeric_limits<float>::infinity();
  }
  return std::make_shared<item_knn_scorer>(from.items, std::move(lists), std::move(tail), parameters);
}

std::shared_ptr<const scorer> ease_of(const portable_model& from) {
  auto parameters = read_parameters<ease_parameters>(from.family, from.parameters);
  parameters.trend_exponent = 0;  // the days that it would look at are nobody's to hand on
  const auto items = read<std::uint32_t>(from, "matrix_items", {any_extent});
  const auto n = static_cast<std::uint32_t>(items.size());
  const auto inverse = read<float>(from, "inverse", {n, n});
  const auto candidate = read<std::uint8_t>(from, "candidate", {n});
  for (std::uint32_t i = 0; i < n; ++i) {
    if (items[i] >= from.items->size() || (i > 0 && items[i] <= items[i - 1])) {
      refuse("array \"matrix_items\" does not ascend within the items");
    }
    if (!(inverse[std::size_t{i} * n + i] > 0)) {
      refuse("a diagonal element of array \"inverse\" is not above 0");
    }
  }
  auto square = std::make_shared<dense::square>(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    float* const row = square->row(i);
    std::copy_n(inverse.data() + std::size_t{i} * n, n, row);
    std::fill(row + n, row + square->stride(), 0.0F);
  }
  ease_view view;
  view.inverse = square->view();
  view.owner = std::move(square);
  view.items = matrix_items::of(items, from.items->size());
  view.alive.resize(n);
  for (std::uint32_t i = 0; i < n; ++i) {
    view.alive[i] = candidate[i] != 0;
  }
  return std::make_shared<ease_scorer>(from.items, parameters, std::move(view));
}

std::shared_ptr<const scorer> ials_of(const portable_model& from) {
  const auto parameters = read_parameters<ials_parameters>(from.family, from.parameters);
  const std::uint32_t n = from.items->size();
  const std::uint64_t d = parameters.factors;
  const auto rows = read<float>(from, "item_factors", {n, d});
  const auto spread = read<float>(from, "spread", {d});
  item_factors factors;
  factors.known = read<std::uint8_t>(from, "known", {n});
  if (std::any_of(factors.known.begin(), factors.known.end(), [](std::uint8_t flag) { return flag > 2; }) ||
      std::any_of(spread.begin(), spread.end(), [](float value) { return value < 0; })) {
    refuse("array \"known\" holds another value than 0, 1 and 2, or \"spread\" one below 0");
  }
  // Beyond, sums of their squares leave the range of a float.
  constexpr float largest_factor = 1e6F;
  constexpr float largest_spread = 1e20F;
  if (std::ranges::any_of(rows, [](float value) { return std::abs(value) > largest_factor; }) ||
      std::ranges::any_of(spread, [](float value) { return value > largest_spread; })) {
    refuse(fmt::format("array \"item_factors\" holds a value beyond {}, or \"spread\" one beyond {}", largest_factor,
                       largest_spread));
  }
  factors.rows = factor_matrix(n, d);
  for (std::uint32_t i = 0; i < n; ++i) {
    std::copy_n(rows.data() + std::size_t{i} * d, d, factors.rows.row(i));
  }
  factors.spread.assign(factor_matrix::stride_of(d), 0);
  std::copy(spread.begin(), spread.end(), factors.spread.begin());
  factors.item_weights = factor_matrix(0, d);
  factors.user_weights = factor_matrix(0, d);
  factors.learned = static_cast<std::uint32_t>(std::ranges::count(factors.known, 1));
  const ials_objective objective{parameters.regularisation, parameters.unobserved_weight,
                                 parameters.regularisation_exponent};
  return std::make_shared<ials_scorer>(from.items, std::move(factors), objective, parameters.history);
}

}  // namespace

std::size_t size_of(array_type type) noexcept {
  switch (type) {
    case array_type::uint8: return 1;
    case array_type::uint64: return 8;
    case array_type::float32:
    case array_type::uint32: break;
  }
  return 4;
}

std::uint64_t portable_array::elements() const {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) {
    count *= extent;
  }
  return count;
}

void require_portable(std::string_view family) {
  if (family == "trending") {
    throw core::error(
        errc::failed_precondition,
        "a model of the family trending consists of what people did in the last days: there is nothing of "
        "it to hand on without them");
  }
  if (family == "session-knn") {
    throw core::error(errc::failed_precondition,
                      "a model of the family session-knn consists of the sessions of people: there is nothing of it to "
                      "hand on without them");
  }
  if (std::ranges::find(portable_families, family) == portable_families.end()) {
    throw core::error(errc::failed_precondition, fmt::format("a model of the family {} cannot be handed on", family));
  }
}

std::shared_ptr<const scorer> scorer_of(const portable_model& from) {
  if (from.items->size() == 0 || from.items->size() > max_portable_items) {
    refuse(fmt::format("the model has {} items; it has 1 to max_portable_items = {}", from.items->size(),
                       max_portable_items));
  }
  if (from.family == "popularity") {
    return popularity_of(from);
  }
  if (from.family == "item-knn") {
    return item_knn_of(from);
  }
  if (from.family == "ease") {
    return ease_of(from);
  }
  if (from.family == "ials") {
    return ials_of(from);
  }
  refuse(fmt::format("a model of the family \"{}\" cannot be imported; popularity, item-knn, ease and ials can",
                     from.family.substr(0, 64)));
}

namespace {

std::vector<std::uint64_t> sums_in(const model_file& file) {
  return item_sums(file.read_preferences("learned", file.read_catalogue("items")));
}

void take_popularity(const model_file& file, portable_model& into) {
  const auto quanta = file.array<std::uint32_t>("learned.quanta_per_unit");
  std::vector<float> scores;
  for (const std::uint64_t sum : sums_in(file)) {
    scores.push_back(static_cast<float>(static_cast<double>(sum) / quanta[0]));
  }
  into.arrays["scores"] = array_of(std::move(scores), {into.items->size()});
}

void take_item_knn(const model_file& file, portable_model& into) {
  std::vector<std::uint64_t> begin = {0};
  for (const std::uint32_t count : file.array<std::uint32_t>("neighbours.count").view()) {
    begin.push_back(begin.back() + count);
  }
  const auto item = file.array<std::uint32_t>("neighbours.item").view();
  const auto similarity = file.array<float>("neighbours.similarity").view();
  std::vector<float> tail = popular_tail(sums_in(file));
  for (float& each : tail) {
    each = std::isfinite(each) ? each : 0;
  }
  const std::uint64_t size = begin.size();
  into.arrays["neighbours_begin"] = array_of(std::move(begin), {size});
  into.arrays["neighbours_item"] = array_of(std::vector<std::uint32_t>(item.begin(), item.end()), {item.size()});
  into.arrays["neighbours_similarity"] =
      array_of(std::vector<float>(similarity.begin(), similarity.end()), {similarity.size()});
  into.arrays["tail"] = array_of(std::move(tail), {into.items->size()});
}

void take_ease(const model_file& file, portable_model& into) {
  const auto items = file.array<std::uint32_t>("items").view();
  const auto inverse = file.array<float>("inverse").view();
  const auto n = static_cast<std::uint32_t>(items.size());
  const std::uint32_t stride = dense::square_stride(n);
  if (inverse.size() != std::size_t{n} * stride) {
    file.refuse(fmt::format("its inverse is not that of {} items", n));
  }
  const preferences rows = file.read_preferences("preferences", into.items);
  std::vector<bool> has_somebody(into.items->size());
  for (const item_position item : rows.item) {
    has_somebody[item] = true;
  }
  std::vector<float> packed;
  std::vector<std::uint8_t> candidate;
  packed.reserve(std::size_t{n} * n);
  for (std::uint32_t i = 0; i < n; ++i) {
    const auto row = inverse.subspan(std::size_t{i} * stride, n);
    packed.insert(packed.end(), row.begin(), row.end());
    candidate.push_back(items[i] < has_somebody.size() && has_somebody[items[i]] ? 1 : 0);
  }
  into.arrays["matrix_items"] = array_of(std::vector<std::uint32_t>(items.begin(), items.end()), {n});
  into.arrays["inverse"] = array_of(std::move(packed), {n, n});
  into.arrays["candidate"] = array_of(std::move(candidate), {n});
}

void take_ials(const model_file& file, portable_model& into) {
  const auto parameters = stored_parameters<ials_parameters>("ials", file);
  const std::uint64_t n = into.items->size();
  const std::uint64_t d = parameters.factors;
  const std::size_t stride = factor_matrix::stride_of(d);
  const auto rows = file.array<float>("item_factors").view();
  const auto spread = file.array<float>("spread").view();
  const auto known = file.array<std::uint8_t>("known").view();
  if (rows.size() != n * stride || spread.size() != stride) {
    file.refuse("its factors are not those of its items");
  }
  std::vector<float> packed;
  packed.reserve(n * d);
  for (std::uint64_t i = 0; i < n; ++i) {
    const auto row = rows.subspan(i * stride, d);
    packed.insert(packed.end(), row.begin(), row.end());
  }
  into.arrays["item_factors"] = array_of(std::move(packed), {n, d});
  into.arrays["spread"] =
      array_of(std::vector<float>(spread.begin(), spread.begin() + static_cast<std::ptrdiff_t>(d)), {d});
  into.arrays["known"] = array_of(std::vector<std::uint8_t>(known.begin(), known.end()), {n});
}

}  // namespace

portable_model portable_of(const model_file& file) {
  portable_model made;
  made.family = file.family();
  made.parameters = file.parameters();
  require_portable(made.family);
  made.items = file.read_catalogue(made.family == "ease" ? "catalogue" : "items");
  if (made.family == "popularity") {
    take_popularity(file, made);
  } else if (made.family == "item-knn") {
    take_item_knn(file, made);
  } else if (made.family == "ease") {
    take_ease(file, made);
  } else {
    take_ials(file, made);
  }
  return made;
}

}  // namespace eunomia::recommend
