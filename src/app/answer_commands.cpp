// eunomia recommend recommend, similar and explain: questions to a trained model.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "core/time.h"
#include "recommend/answer.h"
#include "recommend/family.h"
#include "recommend/item_filter.h"

namespace eunomia::app {

namespace {

using recommend::item_position;
using recommend::item_set;
using recommend::preference;

// The column of items by which Personalize tells when an item came to the shop, seconds since 1970.
constexpr std::string_view creation_column = "CREATION_TIMESTAMP";

struct person_flags {
  std::string user;
  std::vector<std::string> history;
};

struct recommend_flags {
  std::string name;
  person_flags who;
  std::size_t count = 25;
  bool include_history = false;
  std::vector<std::string> only;
  std::vector<std::string> exclude;
  std::vector<std::string> where;
  std::vector<std::string> rank;
  double explore = 0;
  double explore_days = 0;
  std::uint64_t seed = 1;
  std::size_t explain = 0;
};

struct reason_row {
  std::string item;
  float share = 0;
};
BOOST_DESCRIBE_STRUCT(reason_row, (), (item, share))

struct recommendation_row {
  std::string item;
  std::optional<float> score;  // none: the model has none for it
  bool explored = false;
  std::vector<reason_row> because;
};
BOOST_DESCRIBE_STRUCT(recommendation_row, (), (item, score, explored, because))

struct answer_row {
  std::string model;
  std::string family;
  std::vector<recommendation_row> recommendations;
};
BOOST_DESCRIBE_STRUCT(answer_row, (), (model, family, recommendations))

// A model, opened to be asked, and the dataset that it learned from.
struct opened_model {
  recommend::model_record record;
  recommend::dataset dataset;
  std::unique_ptr<recommend::model> model;
  std::shared_ptr<const recommend::scorer> scorer;
};

opened_model open_model(data_directory& data, const std::string& name, environment& shared) {
  auto record = data.models().find(name);
  auto dataset = data.datasets().open(record.dataset);
  auto model = data.models().load(record, shared.context());
  auto scorer = model->current();
  return {std::move(record), std::move(dataset), std::move(model), std::move(scorer)};
}

// What a person did, as events in the model's catalogue; items that the model does not know say nothing to it.
recommend::interactions events_of(const std::vector<recommend::history_event>& history,
                                  const recommend::scorer& model) {
  recommend::interactions events;
  events.items = model.shared_items();
  for (const auto& event : history) {
    const auto item = model.items().find(event.item_id);
    if (!item) {
      continue;
    }
    events.subject.emplace_back(1);
    events.item.push_back(*item);
    events.time.push_back(event.time);
    events.event_value.push_back(event.event_value);
    auto type = std::find(events.event_types.begin(), events.event_types.end(), event.event_type);
    if (type == events.event_types.end()) {
      type = events.event_types.insert(type, event.event_type);
    }
    events.event_type.push_back(static_cast<std::uint16_t>(type - events.event_types.begin()));
  }
  return events;
}

// Commas separate ids; an id with a comma is given by a flag of its own with "\," for it.
std::vector<std::string> ids_of(const std::vector<std::string>& texts) {
  std::vector<std::string> ids;
  for (const std::string& text : texts) {
    std::string id;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ',') {
        id += text[++i];
      } else if (text[i] == ',') {
        ids.push_back(std::move(id));
        id.clear();
      } else {
        id += text[i];
      }
    }
    ids.push_back(std::move(id));
  }
  return ids;
}

std::vector<recommend::history_event> visited(const std::vector<std::string>& items) {
  std::vector<recommend::history_event> history;
  history.reserve(items.size());
  for (const std::string& item : items) {
    history.push_back({item, core::now_ms(), {}, std::numeric_limits<float>::quiet_NaN()});
  }
  return history;
}

core::subject_handle handle_of(data_directory& data, const std::string& user) {
  const auto handle = data.people().find(user_space, user);
  if (!handle) {
    throw core::error(
        core::errc::not_found,
        "this data directory knows nobody by the --user given; answer a visitor with --history ITEM,ITEM");
  }
  return *handle;
}

struct asked_person {
  std::vector<preference> history;
  std::vector<recommend::feature_value> features;
  recommend::person view() const { return {.history = history, .features = features}; }
};

asked_person person_of(const person_flags& flags, data_directory& data, const opened_model& model) {
  if (!flags.user.empty() && !flags.history.empty()) {
    throw core::error(core::errc::invalid_argument, "--user and --history are two people: give one of them");
  }
  asked_person result;
  std::vector<recommend::history_event> events = visited(ids_of(flags.history));
  if (!flags.user.empty()) {
    const auto handle = handle_of(data, flags.user);
    events = model.dataset.history_of(handle, recommendation_purpose());
    result.features = model.scorer->features_of(model.dataset.features_of(handle, recommendation_purpose()));
  }
  const auto rows = recommend::prepare(events_of(events, *model.scorer), recommend::weighting_of(*model.model));
  if (rows.rows() > 0) {
    result.history = rows.history_of(0);
  }
  return result;
}

item_set allowed_items(const recommend_flags& flags, const opened_model& model, environment& shared) {
  const recommend::catalogue& items = model.scorer->items();
  item_set allowed(items.size(), flags.only.empty());
  for (const std::string& id : ids_of(flags.only)) {
    if (const auto item = items.find(id)) {
      allowed.insert(*item);
    }
  }
  for (const std::string& id : ids_of(flags.exclude)) {
    if (const auto item = items.find(id)) {
      allowed.erase(*item);
    }
  }
  if (!flags.where.empty()) {
    std::vector<recommend::item_condition> conditions;
    conditions.reserve(flags.where.size());
    for (const std::string& text : flags.where) {
      conditions.push_back(recommend::item_condition::parse(text));
    }
    const auto metadata = model.dataset.load_item_metadata(items, shared.pool(), shared.job());
    const item_set meeting = recommend::items_that_meet(conditions, metadata, items.size());
    for (item_position item = 0; item < items.size(); ++item) {
      if (!meeting.contains(item)) {
        allowed.erase(item);
      }
    }
  }
  return allowed;
}

// New items are those without interactions, and, under --explore-days, those that came to the shop since.
item_set new_items(const recommend_flags& flags, const opened_model& model, environment& shared) {
  const recommend::catalogue& items = model.scorer->items();
  item_set fresh(items.size(), true);
  for (const item_position item : model.model->learned_from().item) {
    fresh.erase(item);
  }
  if (flags.explore_days > 0) {
    const auto metadata = model.dataset.load_item_metadata(items, shared.pool(), shared.job());
    const auto& created = metadata.values[metadata.column_named(creation_column)];
    const auto oldest = core::now_ms() -
                        static_cast<std::int64_t>(flags.explore_days * static_cast<double>(core::milliseconds_per_day));
    for (item_position item = 0; item < items.size(); ++item) {
      if (created[item] && core::parse_timestamp(*created[item]) >= oldest) {
        fresh.insert(item);
      }
    }
  }
  return fresh;
}

std::vector<reason_row> reasons(const recommend::scorer& model, const recommend::person& who, item_position item,
                                std::size_t count) {
  std::vector<reason_row> rows;
  for (const auto& part : model.explain(who, item, count)) {
    rows.push_back({model.items().id(part.item), part.share});
  }
  return rows;
}

std::vector<recommendation_row> ranked(const recommend_flags& flags, const recommend::person& who,
                                       const opened_model& model) {
  const auto ids = ids_of(flags.rank);
  std::vector<recommendation_row> rows;
  for (const auto& entry : recommend::rank(*model.scorer, who, ids)) {
    rows.push_back(
        {ids[entry.index], std::isfinite(entry.score) ? std::optional(entry.score) : std::nullopt, false, {}});
    if (const auto item = model.scorer->items().find(ids[entry.index]); item && flags.explain > 0) {
      rows.back().because = reasons(*model.scorer, who, *item, flags.explain);
    }
  }
  return rows;
}

std::vector<recommendation_row> recommended(const recommend_flags& flags, const recommend::person& who,
                                            const opened_model& model, environment& shared) {
  const item_set allowed = allowed_items(flags, model, shared);
  const item_set fresh = flags.explore > 0 ? new_items(flags, model, shared) : item_set(0);
  recommend::recommendation_request request;
  request.who = who;
  request.count = flags.count;
  request.exclude_history = !flags.include_history;
  request.allowed = &allowed;
  if (flags.explore > 0) {
    request.explore = {.share = flags.explore, .new_items = &fresh, .seed = flags.seed};
  }
  std::vector<recommendation_row> rows;
  for (const auto& entry : recommend::recommend(*model.scorer, request)) {
    rows.push_back({model.scorer->items().id(entry.item),
                    std::isfinite(entry.score) ? std::optional(entry.score) : std::nullopt,
                    entry.explored,
                    {}});
    if (flags.explain > 0) {
      rows.back().because = reasons(*model.scorer, who, entry.item, flags.explain);
    }
  }
  return rows;
}

std::string because_of(const std::vector<reason_row>& reasons) {
  std::string text;
  for (const reason_row& reason : reasons) {
    text += fmt::format("{}{} ({:.0f} %)", text.empty() ? "" : ", ", reason.item, 100 * reason.share);
  }
  return text;
}

void answer(const recommend_flags& flags, environment& shared) {
  data_directory data(shared);
  const opened_model model = open_model(data, flags.name, shared);
  const asked_person who = person_of(flags.who, data, model);
  answer_row row{model.record.name, model.record.family, {}};
  row.recommendations =
      flags.rank.empty() ? recommended(flags, who.view(), model, shared) : ranked(flags, who.view(), model);
  if (shared.json) {
    shared.print(core::write_json(row, 2));
    return;
  }
  text_table table({"", "item", "score", flags.explain > 0 ? "because of" : ""});
  for (std::size_t i = 0; i < row.recommendations.size(); ++i) {
    const auto& r = row.recommendations[i];
    table.add({std::to_string(i + 1), r.item, r.score ? fixed(*r.score, 4) : "-",
               r.explored ? "(new: exploration)" : because_of(r.because)});
  }
  shared.print(table.str());
}

item_position item_of(const opened_model& model, const std::string& id) {
  const auto item = model.scorer->items().find(id);
  if (!item) {
    throw core::error(core::errc::not_found, "model \"" + model.record.name + "\" knows no item \"" + id + "\"");
  }
  return *item;
}

struct similar_flags {
  std::string name;
  std::string item;
  std::size_t count = 25;
};

struct similar_entry {
  std::string item;
  float score = 0;
};
BOOST_DESCRIBE_STRUCT(similar_entry, (), (item, score))

struct similar_row {
  std::string model;
  std::string item;
  std::vector<similar_entry> similar;
};
BOOST_DESCRIBE_STRUCT(similar_row, (), (model, item, similar))

void similar(const similar_flags& flags, environment& shared) {
  data_directory data(shared);
  const opened_model model = open_model(data, flags.name, shared);
  similar_row row{flags.name, flags.item, {}};
  for (const auto& entry : model.scorer->similar(item_of(model, flags.item), flags.count)) {
    row.similar.push_back({model.scorer->items().id(entry.item), entry.score});
  }
  if (shared.json) {
    shared.print(core::write_json(row, 2));
    return;
  }
  text_table table({"", "item", "similarity"});
  for (std::size_t i = 0; i < row.similar.size(); ++i) {
    table.add({std::to_string(i + 1), row.similar[i].item, fixed(row.similar[i].score, 4)});
  }
  shared.print(table.str());
}

struct explain_flags {
  std::string name;
  person_flags who;
  std::string item;
  std::size_t count = 10;
};

struct explain_row {
  std::string model;
  std::string item;
  std::vector<reason_row> because;
};
BOOST_DESCRIBE_STRUCT(explain_row, (), (model, item, because))

void explain(const explain_flags& flags, environment& shared) {
  data_directory data(shared);
  const opened_model model = open_model(data, flags.name, shared);
  const asked_person who = person_of(flags.who, data, model);
  const explain_row row{flags.name, flags.item,
                        reasons(*model.scorer, who.view(), item_of(model, flags.item), flags.count)};
  if (shared.json) {
    shared.print(core::write_json(row, 2));
    return;
  }
  if (row.because.empty()) {
    shared.print("Nothing that the person did speaks for this item: the answer is not personal\n");
    return;
  }
  text_table table({"past interaction", "share"});
  for (const reason_row& reason : row.because) {
    table.add({reason.item, fmt::format("{:.1f} %", 100 * reason.share)});
  }
  shared.print(table.str());
}

void add_person(CLI::App& command, person_flags& who) {
  command.add_option("--user", who.user, "A USER_ID of the dataset");
  command.add_option("--history", who.history, "A visitor instead: the items they looked at, ITEM,ITEM")
      ->allow_extra_args(false);
}

void add_name(CLI::App& command, std::string& name) {
  command.add_option("--name", name, "The trained model")->required();
}

}  // namespace

void add_recommend(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<recommend_flags>();
  CLI::App* command = recommend.add_subcommand("recommend", "What to show somebody");
  add_name(*command, flags->name);
  add_person(*command, flags->who);
  command->add_option("--count", flags->count, "How many")->capture_default_str();
  command->add_flag("--include-history", flags->include_history, "Recommend also what the person has already");
  command->add_option("--only", flags->only, "Choose from these items, ITEM,ITEM")->allow_extra_args(false);
  command->add_option("--exclude", flags->exclude, "Never these items, ITEM,ITEM")->allow_extra_args(false);
  command
      ->add_option("--where", flags->where,
                   "A condition on an item's metadata, PRICE<=20; may be repeated, all must hold")
      ->allow_extra_args(false);
  command->add_option("--rank", flags->rank, "Rank these items for the person instead, ITEM,ITEM")
      ->allow_extra_args(false);
  command->add_option("--explore", flags->explore, "The share of places for new items, 0 to 1")->capture_default_str();
  command->add_option("--explore-days", flags->explore_days,
                      "New are also items whose CREATION_TIMESTAMP is at most so many days old");
  command->add_option("--seed", flags->seed, "Of the exploration")->capture_default_str();
  command->add_option("--explain", flags->explain, "Say why, with so many past interactions");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { answer(*flags, shared); }; });
}

void add_similar(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<similar_flags>();
  CLI::App* command = recommend.add_subcommand("similar", "The items most like one");
  add_name(*command, flags->name);
  command->add_option("--item", flags->item, "Which")->required();
  command->add_option("--count", flags->count, "How many")->capture_default_str();
  command->callback([flags, &shared] { shared.action = [flags, &shared] { similar(*flags, shared); }; });
}

void add_explain(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<explain_flags>();
  CLI::App* command = recommend.add_subcommand("explain", "Why an item is recommended to somebody");
  add_name(*command, flags->name);
  add_person(*command, flags->who);
  command->add_option("--item", flags->item, "Which")->required();
  command->add_option("--count", flags->count, "How many past interactions")->capture_default_str();
  command->callback([flags, &shared] { shared.action = [flags, &shared] { explain(*flags, shared); }; });
}

}  // namespace eunomia::app
