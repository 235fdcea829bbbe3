#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/admission.h"
#include "core/purpose.h"
#include "core/thread_pool.h"
#include "recommend/dataset.h"
#include "recommend/event.h"
#include "recommend/filter.h"
#include "recommend/item_filter.h"
#include "recommend/live_history.h"
#include "recommend/recommenders.h"
#include "recommend/shown_lately.h"
#include "recommend/variety.h"
#include "subject/directory.h"

namespace eunomia::recommend {

class item_weighing;

// Who is asked about: somebody with an identifier, or a visitor by the items they looked at, oldest first. Neither:
// somebody of whom nothing is known.
struct asked {
  std::optional<std::string> user = std::nullopt;
  std::vector<std::string> visited = {};
};

// A filter of Personalize, see recommend/filter.h.
struct filtering {
  std::string expression = {};  // empty: everything is allowed
  filter_values values = {};
};

// By what else than relevance a list is ordered, and how much, 0 to 1 each: see variety::merits.
struct emphasis {
  double popularity = 0;    // how many people have an item, of those the version learned from
  double freshness = 0;     // when it came to the shop, by answering::creation_column
  std::string column = {};  // of items, of numbers; empty: none
  double of_column = 0;

  bool is_wanted() const { return popularity > 0 || freshness > 0 || of_column > 0; }
};

// What a list is to be beside relevant.
struct shaping {
  double diversity = 0;  // 0 to 1, see variety
  rotation rotate = {};  // of somebody with an identifier; others have no memory that it could work by
  const item_weighing* weighing = nullptr;  // null: every item by its relevance alone
  emphasis by = {};
  // In which circumstances it is asked for, by columns of interactions: {"DEVICE", "phone"}, see context_lifts. What is
  // no declared column, and a value that nothing is known of, change nothing.
  std::map<std::string, std::string> context = {};
};

struct question {
  asked who = {};
  std::size_t count = 25;                 // 1 to max_recommendations
  bool include_history = false;           // recommend also what they did something with already
  std::vector<std::string> only = {};     // of these items; empty: of all
  std::vector<std::string> exclude = {};  // never these
  std::vector<std::string> where = {};    // item_condition: "PRICE<=20"
  filtering filter = {};
  // The share of places for new items, 0 to 1: those that nobody had an interaction with when the version was trained,
  // and those that have a row of metadata and came too late for it.
  double explore = 0;
  double explore_days = 0;  // also those that came to the shop since, by CREATION_TIMESTAMP
  std::uint64_t seed = 1;   // of the exploration
  std::size_t explain = 0;  // past interactions to name with each item
  shaping shape = {};
};

struct reason {
  std::string item;
  float share = 0;
};

struct answered_item {
  std::string item;
  std::optional<float> score;  // none: the model has none for it
  bool explored = false;
  std::vector<reason> because;
};

struct answer {
  std::string recommender;
  std::int64_t version = 0;
  std::string family;
  bool known = false;     // the user is known
  bool personal = false;  // something they did was counted; else everybody gets this answer
  // Why nothing of what is known of them was counted: core::name_of(core::refusal), "objection". None: nothing stood
  // against it.
  std::optional<std::string> withheld = std::nullopt;
  std::vector<answered_item> items;
};

// Asks served recommenders, and records what people do meanwhile: what was recorded, or put of items and people
// (dataset::put), is in the next answer. Somebody who
// is not admitted for the purpose is answered as somebody of whom nothing is known, from the next question on. Any
// thread.
class answering {
 public:
  // Column of items by which Personalize tells when an item came to the shop, seconds since 1970.
  static constexpr std::string_view creation_column = "CREATION_TIMESTAMP";
  static constexpr std::size_t max_item_list = 10'000;  // of visited, only, exclude and rank
  static constexpr std::size_t max_conditions = 64;
  static constexpr std::size_t max_reasons = 1000;
  static constexpr std::size_t max_kept_filters = 256;  // read and checked, of one dataset

  // All must outlive it. access: the policy of the datasets. pool: for what is read once for a model, like the metadata
  // of items.
  answering(datasets& data, const recommenders& all, const subject::directory& people, std::string user_space,
            core::purpose why, const core::access_policy& access, core::thread_pool& pool,
            std::size_t history_memory = live_history::default_memory);
  ~answering();

  // The best items for somebody. Throws errc::not_found, errc::failed_precondition and errc::unavailable as
  // recommenders::served does, errc::invalid_argument for what the question cannot ask, naming the limit.
  answer recommend(const asked_model& which, const question& what);
  // The given items that the filter allows, best first; those that the model has no score for last, in their order.
  // What nothing is known of passes a filter without INCLUDE. Shaped are those with a score: at most max_varied where
  // more than their relevance counts.
  answer rank(const asked_model& which, const asked& who, const std::vector<std::string>& items,
              std::size_t explain = 0, const filtering& filter = {}, const shaping& shape = {});
  // The items most like one, of those that the filter, asked for somebody, allows. Throws errc::not_found when the
  // model does not know it.
  answer similar(const asked_model& which, const std::string& item, std::size_t count, const filtering& filter = {},
                 const asked& who = {}, const shaping& shape = {});
  // Which past interactions speak for an item. Throws errc::not_found when the model does not know it.
  answer explain(const asked_model& which, const asked& who, const std::string& item, std::size_t count);

  // What is known of some items, by the columns that are asked for; those without a value, and items that the model
  // does not know, have none. Throws errc::not_found for a column that is not declared, with those there are.
  std::vector<std::map<std::string, std::string>> metadata_of(const asked_model& which,
                                                              std::span<const std::string> items,
                                                              std::span<const std::string> columns);
  // The items of the model's catalogue that a filter, asked for nobody, allows.
  item_set items_allowed(const asked_model& which, const filtering& filter);
  // Whether a column of items is declared.
  bool knows_column(const asked_model& which, std::string_view item_column);

  // Reads from the disk what the first questions to served recommenders that learn from the dataset (empty: from any)
  // would read, so that they need not wait. What cannot be read is logged, and is read when it is asked for.
  void warm_up(core::job& job, std::string_view dataset = {});

  // Throws as dataset::record does; errc::not_found for a dataset that is not there.
  record_report record(const std::string& dataset, std::span<const event> batch, const also_stored& also = {});

  // What memory keeps of somebody, for the purpose; empty for who is not admitted. Throws as dataset::admission_for and
  // datasets::open.
  std::shared_ptr<const person_history> history_of(const std::string& dataset, core::subject_handle who);

  // Lets go of versions that do not answer any more, which nobody would make forget. To be called now and then, and
  // after a recommender was removed.
  void drop_replaced();
  // The dataset's columns, metadata or existence changed: what is remembered of it is read anew.
  void changed(std::string_view dataset);

 private:
  struct model_view;
  struct person_view;
  struct dataset_view;
  struct known_items;
  using version_key = std::pair<std::string, std::int64_t>;  // the recommender, its version

  std::shared_ptr<dataset_view> dataset_of(const std::string& name);
  std::shared_ptr<model_view> view_of(const asked_model& which);
  person_view person_of(const asked& who, model_view& model);
  static answer begin_answer(const model_view& model, const person_view& who);
  std::shared_ptr<item_selections> selections_of(model_view& model, const scorer& answers);
  // What of a shaping is worked out for one question.
  struct shaped;
  shaped shape_for(const shaping& how, const asked& who, const person_view& person, model_view& model,
                   const scorer& answers, std::optional<item_position> current = std::nullopt);
  std::vector<merit> merits_for(const emphasis& how, model_view& model, const scorer& answers);
  void weigh_by_context(const std::map<std::string, std::string>& context, model_view& model, const scorer& answers,
                        std::vector<float>& factors);
  static void remember_shown(const shaping& how, const person_view& person, model_view& model, const answer& given);
  struct passing;
  passing passing_items(const filtering& filter, const asked& who, const person_view& person, model_view& model,
                        const scorer& answers, std::optional<item_position> current = std::nullopt);
  // explored: where items behind the catalogue are asked for too.
  item_set allowed_items(const question& what, const person_view& who, model_view& model, const scorer& answers,
                         const item_selections* explored);
  static item_set new_items(const question& what, const model_view& model, const item_selections& selections);
  void items_put(const std::string& dataset, std::span<const metadata_record> rows);

  datasets& data_;
  const recommenders& all_;
  const subject::directory& people_;
  std::string user_space_;
  core::purpose why_;
  const core::access_policy& access_;
  core::thread_pool& pool_;
  std::size_t history_memory_;

  mutable std::mutex mutex_;  // of what follows
  std::map<std::string, std::shared_ptr<dataset_view>, std::less<>> datasets_;
  std::map<version_key, std::shared_ptr<model_view>> models_;

  std::mutex told_mutex_;                         // of what follows; nothing else is locked while it is held
  std::vector<std::weak_ptr<known_items>> told_;  // of what is put
};

}  // namespace eunomia::recommend
