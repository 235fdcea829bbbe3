// What answering keeps of datasets, served versions and their items.
#include "recommend/answering_views.h"

#include <set>

#include "core/error.h"
#include "core/log.h"
#include "core/time.h"

namespace eunomia::recommend {

using core::errc;
using core::error;

answering::answering(datasets& data, const recommenders& all, const subject::directory& people, std::string user_space,
                     core::purpose why, const core::access_policy& access, core::thread_pool& pool,
                     std::size_t history_memory)
    : data_(data),
      all_(all),
      people_(people),
      user_space_(std::move(user_space)),
      why_(std::move(why)),
      access_(access),
      pool_(pool),
      history_memory_(history_memory) {}

// Listeners first: what they use goes after them.
answering::~answering() {
  models_.clear();
  datasets_.clear();
}

std::shared_ptr<const filter> answering::dataset_view::filter_of(const std::string& expression) {
  const std::lock_guard lock(mutex_);
  if (const auto found = filters_.find(expression); found != filters_.end()) {
    return found->second;
  }
  auto read = filter_expression::parse(expression);
  if (read.subject != filter_subject::items) {
    throw error(errc::invalid_argument, "filter: items are recommended; begin with INCLUDE ItemID or EXCLUDE ItemID");
  }
  const dataset_description& of = rows.description();
  auto made = std::make_shared<const filter>(std::move(read), of.items, of.users);
  if (filters_.size() >= max_kept_filters) {
    filters_.clear();
  }
  filters_.emplace(expression, made);
  return made;
}

std::shared_ptr<answering::dataset_view> answering::dataset_of(const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = datasets_.find(name); found != datasets_.end()) {
      return found->second;
    }
  }
  auto opened = data_.open(name);
  const std::lock_guard lock(mutex_);
  auto& kept = datasets_[name];
  if (kept == nullptr) {
    kept = std::make_shared<dataset_view>(*this, name, std::move(opened), history_memory_);
  }
  return kept;
}

void answering::warm_up(core::job& job, std::string_view dataset) {
  std::set<std::string> done;
  for (const auto& record : all_.list()) {
    if (done.contains(record.dataset) || (!dataset.empty() && record.dataset != dataset) ||
        all_.versions(record.name).empty()) {
      continue;
    }
    try {
      dataset_of(record.dataset)->histories.warm_up(why_, pool_, job);
      done.insert(record.dataset);
    } catch (const error& problem) {
      core::log::warning("the first questions will wait for the disk",
                         {{"recommender", record.name}, {"why", problem.kept_message()}});
    }
  }
}

std::shared_ptr<answering::model_view> answering::view_of(const asked_model& which) {
  const auto serves = all_.served(which);
  const version_key key(serves->record().name, serves->record().version);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = models_.find(key); found != models_.end() && found->second->serves->same_training(*serves)) {
      return found->second;
    }
  }
  const auto people = dataset_of(serves->record().dataset);
  auto made = std::make_shared<model_view>(serves, people);
  {
    // Before anything of it is read.
    const std::lock_guard lock(told_mutex_);
    std::erase_if(told_, [](const auto& one) { return one.expired(); });
    told_.push_back(made->items);
  }
  const std::lock_guard lock(mutex_);
  auto& kept = models_[key];
  kept = std::move(made);
  return kept;
}

// A version that forgot may have another catalogue than before.
std::shared_ptr<item_selections> answering::selections_of(model_view& model, const scorer& answers) {
  known_items& known = *model.items;
  const std::lock_guard lock(known.reading);
  if (known.selections == nullptr || known.selected_from != answers.shared_items()) {
    core::job quiet;
    const catalogue& items = answers.items();
    known.selections = std::make_shared<item_selections>(
        model.people->rows.load_item_metadata(items, pool_, quiet, item_selections::max_further_items), items.size());
    known.selected_from = answers.shared_items();
  }
  return known.selections;
}

// What is being read waits for here until it is there: then it is told of what was put while it was read.
void answering::items_put(const std::string& dataset, std::span<const metadata_record> rows) {
  std::vector<std::shared_ptr<known_items>> known;
  {
    const std::lock_guard lock(told_mutex_);
    for (const auto& one : told_) {
      if (auto items = one.lock(); items != nullptr && items->dataset == dataset) {
        known.push_back(std::move(items));
      }
    }
  }
  for (const auto& items : known) {
    const std::lock_guard lock(items->reading);
    if (items->selections != nullptr) {
      items->selections->put(*items->selected_from, rows);
    }
  }
}

void answering::drop_replaced() {
  std::vector<std::pair<version_key, std::shared_ptr<model_view>>> views;
  {
    const std::lock_guard lock(mutex_);
    views.assign(models_.begin(), models_.end());
    for (const auto& [name, view] : datasets_) {
      view->shown.forget_idle(core::now_ms());
    }
  }
  for (const auto& [key, view] : views) {
    if (!all_.answers(*view->serves)) {
      const std::lock_guard lock(mutex_);
      if (const auto found = models_.find(key); found != models_.end() && found->second == view) {
        models_.erase(found);
      }
    }
  }
}

void answering::changed(std::string_view dataset) {
  const std::lock_guard lock(mutex_);
  if (const auto found = datasets_.find(dataset); found != datasets_.end()) {
    datasets_.erase(found);
  }
  std::erase_if(models_, [&](const auto& entry) { return entry.second->serves->record().dataset == dataset; });
}

}  // namespace eunomia::recommend
