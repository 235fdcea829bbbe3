// The model file has, beside the catalogue and the preferences:
//
//   items    [n]          uint32   of each row of the matrices, the position in the catalogue, ascending
//   gram     [n(n+1)/2]   uint32   G in squared quanta, the lower triangle row after row
//   inverse  [n x stride] float32  P, rows padded with zeros to a multiple of 16 (dense/square.h), served as it lies
//   updates  [1]          uint32   downdates since P was derived from G; 0: P is exactly that of G

#include "recommend/ease.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "recommend/ease_inverse.h"
#include "recommend/ease_scorer.h"
#include "recommend/learned_model.h"
#include "recommend/parameters.h"

namespace eunomia::recommend {

namespace {

constexpr std::string_view family_name = "ease";
constexpr double largest_lambda = 1e12;
constexpr double most_days = 1e6;
constexpr double largest_exponent = 10;

bool is_float64(const ease_parameters& parameters) {
  return parameters.precision == "float64";
}

// P as it is served.
struct served_inverse {
  std::shared_ptr<const void> owner;  // a square of ours or a mapped file
  dense::square_view square;
  std::shared_ptr<const matrix_items> items;
};

class ease_model final : public model {
 public:
  // Trains.
  ease_model(ease_parameters parameters, preferences rows, const training_context& context)
      : ease_model(std::move(parameters), std::move(rows)) {
    gram_ = gram_matrix::of(rows_, context.pool, context.job);
    inverse_.derive(gram_, context.pool, context.job);
    count_days();
    publish(published_master(context));
  }

  // Serves from a file, in which G stays until somebody is to be forgotten.
  ease_model(ease_parameters parameters, std::shared_ptr<const model_file> file);

  std::string_view family() const noexcept override { return family_name; }
  std::string parameters() const override { return core::write_json(parameters_); }
  const preferences& learned_from() const override { return rows_; }
  std::shared_ptr<const scorer> current() const override {
    const std::lock_guard lock(scorer_mutex_);
    return scorer_;
  }
  std::shared_ptr<const item_popularity::counts> people_by_item() const override { return popularity_.now(); }
  forget_report forget(std::span<const core::subject_handle> gone, const training_context& context) override;
  void rederive(const training_context& context) override;
  void save(const std::filesystem::path& file) const override;

 private:
  ease_model(ease_parameters parameters, preferences rows)
      : parameters_(std::move(parameters)),
        rows_(std::move(rows)),
        popularity_(rows_),
        inverse_(is_float64(parameters_), {parameters_.lambda, parameters_.dropout, rows_.quanta_per_unit}) {}

  void count_days() {
    if (parameters_.trend_exponent != 0) {
      days_ = daily_counts(rows_);
    }
  }
  std::vector<std::uint32_t> rows_of(std::span<const core::subject_handle> gone) const;
  void take_gram_from_file();
  served_inverse downdated(std::span<const std::uint32_t> rows, const ease_inverse::change& planned,
                           const training_context& context);
  served_inverse derived_without(std::span<const std::uint32_t> rows, const training_context& context);
  void derive(const training_context& context);
  served_inverse published_master(const training_context& context);
  void publish(served_inverse next);

  ease_parameters parameters_;
  preferences rows_;
  item_popularity popularity_;
  gram_matrix gram_;                        // unless file_
  std::shared_ptr<const model_file> file_;  // while G is only there
  ease_inverse inverse_;
  daily_counts days_;  // without a trend_exponent, none
  std::uint32_t updates_ = 0;
  std::shared_ptr<square_pool> squares_ = std::make_shared<square_pool>();
  served_inverse served_;

  mutable std::mutex writer_mutex_;  // of everything above, among forget(), rederive() and save()
  mutable std::mutex scorer_mutex_;  // of scorer_
  std::shared_ptr<const scorer> scorer_;
};

ease_model::ease_model(ease_parameters parameters, std::shared_ptr<const model_file> file)
    : ease_model(std::move(parameters), file->read_preferences("preferences", file->read_catalogue("catalogue"))) {
  const auto items = file->array<std::uint32_t>("items");
  const auto gram = file->array<std::uint32_t>("gram");
  const auto inverse = std::make_shared<shared_array<float>>(file->array<float>("inverse"));
  const auto updates = file->array<std::uint32_t>("updates");
  const std::uint32_t catalogue_size = rows_.items->size();
  if (items.size() > catalogue_size || updates.size() != 1) {
    file->refuse("it has more rows of matrices than items, or no count of updates");
  }
  const auto n = static_cast<std::uint32_t>(items.size());
  if (gram.size() != gram_matrix::elements(n) || inverse->size() != std::size_t{n} * dense::square_stride(n)) {
    file->refuse(fmt::format("its matrices are not those of {} items", n));
  }
  for (std::uint32_t i = 0; i < n; ++i) {
    if (items[i] >= catalogue_size || (i > 0 && items[i] <= items[i - 1])) {
      file->refuse("the items of its matrices do not ascend within the catalogue");
    }
  }
  served_inverse served{inverse,
                        {inverse->data(), n, dense::square_stride(n)},
                        matrix_items::of({items.view().begin(), items.view().end()}, catalogue_size)};
  for (std::uint32_t i = 0; i < n; ++i) {
    if (const float p = served.square.row(i)[i]; !(p > 0) || !std::isfinite(p)) {
      file->refuse("a diagonal element of its inverse is not a positive number");
    }
  }
  // A forgetting takes an item out of the matrices when nothing is left on its diagonal: then nobody may have it still.
  std::vector<std::uint64_t> squares(n);
  for (std::size_t p = 0; p < rows_.size(); ++p) {
    const std::uint32_t i = served.items->position[rows_.item[p]];
    if (i == matrix_items::none) {
      file->refuse("somebody has an item that its matrices lack");
    }
    squares[i] += std::uint64_t{rows_.weight[p]} * rows_.weight[p];
  }
  for (std::uint32_t i = 0; i < n; ++i) {
    if (gram[gram_matrix::elements(i) + i] != squares[i]) {
      file->refuse("the diagonal of its co-occurrences is not that of its preferences");
    }
  }
  updates_ = updates[0];
  count_days();
  file_ = std::move(file);
  publish(std::move(served));
}

void ease_model::take_gram_from_file() {
  if (file_ == nullptr) {
    return;
  }
  const auto gram = file_->array<std::uint32_t>("gram");
  dense::buffer<std::uint32_t> values(gram.size());
  std::copy(gram.view().begin(), gram.view().end(), values.data());
  gram_ = gram_matrix(served_.items, std::move(values));
  file_ = nullptr;
}

std::vector<std::uint32_t> ease_model::rows_of(std::span<const core::subject_handle> gone) const {
  std::vector<std::uint32_t> rows;
  for (const core::subject_handle subject : gone) {
    if (const auto row = rows_.find(subject)) {
      rows.push_back(*row);
    }
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return rows;
}

forget_report ease_model::forget(std::span<const core::subject_handle> gone, const training_context& context) {
  const std::lock_guard lock(writer_mutex_);
  const std::vector<std::uint32_t> rows = rows_of(gone);
  forget_report report;
  std::vector<core::subject_handle> subjects;
  for (const std::uint32_t row : rows) {
    subjects.push_back(rows_.subjects[row]);
    report.interactions += rows_.items_of(row).size();
  }
  report.subjects = static_cast<std::uint32_t>(rows.size());
  if (!rows.empty()) {
    context.job.check();
    take_gram_from_file();
    auto popularity = popularity_.without(rows_, rows);
    daily_counts days = parameters_.trend_exponent != 0 ? days_.without(rows_, rows) : daily_counts();
    const std::uint32_t most_updates = is_float64(parameters_) ? ease_parameters::maximum_downdates_float64
                                                               : ease_parameters::maximum_downdates_float32;
    const auto planned = updates_ < most_updates ? inverse_.plan_without(rows_, rows, gram_, context.pool) : nullptr;
    served_inverse next = planned != nullptr ? downdated(rows, *planned, context) : derived_without(rows, context);
    days_ = std::move(days);
    rows_.erase(subjects);
    popularity_.publish(std::move(popularity));
    publish(std::move(next));
  }
  report.level = updates_ == 0 ? forgetting_level::exact : forgetting_level::exact_up_to_rounding;
  return report;
}

served_inverse ease_model::downdated(std::span<const std::uint32_t> rows, const ease_inverse::change& planned,
                                     const training_context& context) {
  auto square = squares_->take(gram_.n());
  for (const std::uint32_t row : rows) {
    gram_.subtract(rows_, row);
  }
  inverse_.apply(planned, gram_, *square, context.pool);
  ++updates_;
  const dense::square_view view = square->view();
  return {std::move(square), view, gram_.shared_items()};
}

served_inverse ease_model::derived_without(std::span<const std::uint32_t> rows, const training_context& context) {
  for (const std::uint32_t row : rows) {
    gram_.subtract(rows_, row);
  }
  try {
    derive(context);
    return published_master(context);
  } catch (...) {
    for (const std::uint32_t row : rows) {
      gram_.add(rows_, row);
    }
    throw;
  }
}

// Only the inversion can fail, and it leaves G and what is served as they were.
void ease_model::derive(const training_context& context) {
  if (gram_.has_vanished_items()) {
    gram_matrix smaller = gram_.without_vanished_items();
    inverse_.derive(smaller, context.pool, context.job);
    gram_ = std::move(smaller);
  } else {
    inverse_.derive(gram_, context.pool, context.job);
  }
  updates_ = 0;
}

served_inverse ease_model::published_master(const training_context& context) {
  auto square = squares_->take(gram_.n());
  inverse_.publish(*square, context.pool);
  const dense::square_view view = square->view();
  return {std::move(square), view, gram_.shared_items()};
}

void ease_model::rederive(const training_context& context) {
  const std::lock_guard lock(writer_mutex_);
  if (updates_ == 0) {
    return;
  }
  take_gram_from_file();
  derive(context);
  publish(published_master(context));
}

void ease_model::publish(served_inverse next) {
  ease_view view{next.owner, next.square, next.items, std::vector<bool>(next.square.n), days_, rows_.newest()};
  for (const item_position item : rows_.item) {
    view.alive[next.items->position[item]] = true;
  }
  std::shared_ptr<const scorer> scorer = std::make_shared<ease_scorer>(rows_.items, parameters_, std::move(view));
  served_ = std::move(next);
  {
    const std::lock_guard lock(scorer_mutex_);
    scorer_.swap(scorer);
  }
  // The scorer before, if nobody holds it any longer, gives its square back here, outside the lock.
}

void ease_model::save(const std::filesystem::path& file) const {
  const std::lock_guard lock(writer_mutex_);
  model_file_writer writer(file, family_name, parameters());
  writer.add("catalogue", *rows_.items);
  writer.add("preferences", rows_);
  writer.add("items", served_.items->item);
  if (file_ != nullptr) {
    writer.add("gram", file_->array<std::uint32_t>("gram").view());
  } else {
    writer.add("gram", gram_.values());
  }
  const std::size_t values = std::size_t{served_.square.n} * served_.square.stride;
  writer.add("inverse", std::span<const float>(served_.square.data, values));
  writer.add("updates", std::span<const std::uint32_t>(&updates_, 1));
  writer.finish();
}

// The items that some event names: with a weighting that leaves events out, at least those of the matrices.
std::uint32_t items_with_events(const interactions& events) {
  std::vector<bool> seen(events.items->size());
  std::uint32_t count = 0;
  for (const item_position item : events.item) {
    if (item < seen.size() && !seen[item]) {
      seen[item] = true;
      ++count;
    }
  }
  return count;
}

memory_estimate memory_of(const training_data& data, bool float64) {
  constexpr std::uint64_t bytes_per_pair_by_item = 6;
  const std::uint32_t n = items_with_events(data.events);
  const std::uint64_t gram = gram_matrix::elements(n) * sizeof(std::uint32_t);
  const std::uint64_t master = ease_inverse::bytes(n, float64), square = dense::square::bytes(n);
  const memory_estimate rows = memory_of_preferences(data);
  const std::uint64_t counting = rows.model_bytes + data.events.size() * bytes_per_pair_by_item + gram;
  const std::uint64_t inverting =
      rows.model_bytes + gram + master + std::max(square, ease_inverse::scratch_bytes(n, float64));
  return {std::max({rows.training_bytes, counting, inverting}), rows.model_bytes + gram + master + 2 * square};
}

// The parameters with "auto" and as_of decided.
ease_parameters decided(ease_parameters parameters, const training_data& data, std::uint64_t memory_limit) {
  if (parameters.precision == "auto") {
    const bool wide = items_with_events(data.events) <= ease_parameters::largest_float64_catalogue &&
                      memory_of(data, true).training_bytes <= memory_limit;
    parameters.precision = wide ? "float64" : "float32";
  }
  parameters.weighting = settled(parameters.weighting, data.events);
  return parameters;
}

class ease_family_object final : public recommend::family {
 public:
  std::string_view name() const noexcept override { return family_name; }
  forgetting_level forgets() const noexcept override { return forgetting_level::exact_up_to_rounding; }
  std::string_view source() const noexcept override {
    return "Steck: Embarrassingly Shallow Autoencoders for Sparse Data (WWW 2019)";
  }
  std::string complete(std::string_view parameters) const override {
    return core::write_json(read_parameters<ease_parameters>(family_name, parameters));
  }
  memory_estimate estimate(const training_data& data, std::string_view parameters, unsigned) const override {
    const auto chosen = decided(read_parameters<ease_parameters>(family_name, parameters), data, UINT64_MAX);
    return memory_of(data, is_float64(chosen));
  }

  std::unique_ptr<model> train(const training_data& data, std::string_view parameters,
                               const training_context& context) const override {
    const auto chosen = decided(read_parameters<ease_parameters>(family_name, parameters), data, context.memory_limit);
    require_memory(memory_of(data, is_float64(chosen)), family_name, context);
    context.job.check();
    return std::make_unique<ease_model>(chosen, learn_from(data, chosen.weighting, family_name), context);
  }

  std::unique_ptr<model> load(std::shared_ptr<const model_file> file, const training_context&) const override {
    auto parameters = stored_parameters<ease_parameters>(family_name, *file);
    if (parameters.precision == "auto") {
      file->refuse("its precision is not decided");
    }
    return std::make_unique<ease_model>(std::move(parameters), std::move(file));
  }
};

}  // namespace

void check(const ease_parameters& parameters) {
  require_range(family_name, "lambda", parameters.lambda, 1e-6, largest_lambda);
  require_range(family_name, "dropout", parameters.dropout, 0.0, 0.99);
  require_range(family_name, "trend_exponent", parameters.trend_exponent, 0.0, largest_exponent);
  require_range(family_name, "trend_half_life_days", parameters.trend_half_life_days, 0.01, most_days);
  if (parameters.precision != "auto" && parameters.precision != "float64" && parameters.precision != "float32") {
    throw core::error(
        core::errc::invalid_argument,
        fmt::format("ease: precision must be \"auto\", \"float64\" or \"float32\", got \"{}\"", parameters.precision));
  }
  check(parameters.history, family_name);
  check(parameters.weighting, family_name);
}

const family& ease_family() {
  static const ease_family_object object;
  return object;
}

}  // namespace eunomia::recommend
