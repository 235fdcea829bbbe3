// eunomia recommend recommend, similar and explain: questions to a trained model.

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/options.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/error.h"
#include "core/json.h"
#include "recommend/answering.h"
#include "wire/api/answers.h"

namespace eunomia::app {

namespace {

struct model_flags {
  std::string name;
  std::string deployment;
};

struct person_flags {
  std::string user;
  std::vector<std::string> history;
};

struct filter_flags {
  std::string expression;
  std::vector<std::string> values;  // NAME=VALUE
};

struct recommend_flags {
  model_flags model;
  person_flags who;
  std::uint32_t count = 25;
  bool include_history = false;
  std::vector<std::string> only;
  std::vector<std::string> exclude;
  std::vector<std::string> where;
  filter_flags filter;
  std::vector<std::string> rank;
  double explore = 0;
  double explore_days = 0;
  double diversity = 0;
  std::uint64_t seed = 1;
  std::uint32_t explain = 0;
};

struct answer_row {
  std::string model;
  std::string family;
  std::optional<std::string> withheld;
  std::vector<wire::api::item_view> recommendations;
};
BOOST_DESCRIBE_STRUCT(answer_row, (), (model, family, withheld, recommendations))

// Whom the commands ask: the data directory, or a server.
class asker {
 public:
  virtual ~asker() = default;
  virtual wire::api::answer_view recommend(const wire::api::recommendation_body& question) = 0;
  virtual wire::api::answer_view rank(const wire::api::ranking_body& question) = 0;
  virtual wire::api::answer_view similar(const wire::api::similar_body& question) = 0;
  virtual wire::api::answer_view explain(const wire::api::explanation_body& question) = 0;
};

class directory_asker final : public asker {
 public:
  directory_asker(const model_flags& model, environment& shared)
      : model_(model.name, model.deployment),
        data_(shared),
        answers_(data_.datasets(), data_.recommenders(), data_.people(), std::string(user_space),
                 recommendation_purpose(), data_.purposes(), shared.pool()) {
    if (model.deployment.empty()) {
      data_.models().find(model.name);  // says which there are
    }
    data_.recommenders().load(model_, shared.context());
  }

  wire::api::answer_view recommend(const wire::api::recommendation_body& question) override {
    return wire::api::view_of(answers_.recommend(model_, question_of(question)));
  }
  wire::api::answer_view rank(const wire::api::ranking_body& question) override {
    return wire::api::view_of(answers_.rank(model_, {question.user, question.history}, question.items, question.explain,
                                            filtering_of(question), shaping_of(question)));
  }
  wire::api::answer_view similar(const wire::api::similar_body& question) override {
    return wire::api::view_of(
        answers_.similar(model_, question.item, question.count, filtering_of(question), {question.user, {}}));
  }
  wire::api::answer_view explain(const wire::api::explanation_body& question) override {
    return wire::api::view_of(
        answers_.explain(model_, {question.user, question.history}, question.item, question.count));
  }

 private:
  recommend::asked_model model_;
  data_directory data_;
  recommend::answering answers_;
};

class server_asker final : public asker {
 public:
  server_asker(const std::string& name, environment& shared)
      : target_("/api/v1/recommenders/" + segment(name)), server_(shared) {}

  wire::api::answer_view recommend(const wire::api::recommendation_body& question) override {
    return ask("/recommendations", question);
  }
  wire::api::answer_view rank(const wire::api::ranking_body& question) override { return ask("/ranking", question); }
  wire::api::answer_view similar(const wire::api::similar_body& question) override { return ask("/similar", question); }
  wire::api::answer_view explain(const wire::api::explanation_body& question) override {
    return ask("/explanation", question);
  }

 private:
  template <class Question>
  wire::api::answer_view ask(std::string_view what, const Question& question) {
    return server_.post<wire::api::answer_view>(target_ + std::string(what), core::write_json(question));
  }

  std::string target_;
  remote server_;
};

std::unique_ptr<asker> open_asker(const model_flags& model, environment& shared) {
  if (shared.server.empty()) {
    return std::make_unique<directory_asker>(model, shared);
  }
  return std::make_unique<server_asker>(model.name, shared);
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

// Who is meant, in the members that all questions have.
template <class Question>
void set_person(Question& question, const person_flags& who) {
  if (!who.user.empty()) {
    question.user = who.user;
  }
  question.history = ids_of(who.history);
}

// The filter, in the members that all questions with one have.
template <class Question>
void set_filter(Question& question, const filter_flags& filter) {
  question.filter = filter.expression;
  for (const std::string& text : filter.values) {
    const std::size_t sign = text.find('=');
    if (sign == 0 || sign == std::string::npos) {
      throw core::error(core::errc::invalid_argument,
                        fmt::format("--filter-value \"{}\": expected NAME=VALUE, such as GENRE=drama,war", text));
    }
    if (!question.filter_values.emplace(text.substr(0, sign), text.substr(sign + 1)).second) {
      throw core::error(core::errc::invalid_argument,
                        fmt::format("--filter-value \"{}\": the name is given twice; several values are separated by "
                                    "commas",
                                    text));
    }
  }
}

// A shop answers strangers; at the command line a name that nobody has is a slip.
void require_known(const person_flags& who, const wire::api::answer_view& answer) {
  if (!who.user.empty() && !answer.known) {
    throw core::error(core::errc::not_found,
                      "nobody is known by the --user given; answer a visitor with --history ITEM,ITEM");
  }
}

wire::api::answer_view asked(const recommend_flags& flags, asker& ask) {
  if (!flags.rank.empty()) {
    wire::api::ranking_body question;
    question.deployment = flags.model.deployment;
    set_person(question, flags.who);
    question.items = ids_of(flags.rank);
    set_filter(question, flags.filter);
    question.explain = flags.explain;
    return ask.rank(question);
  }
  wire::api::recommendation_body question;
  question.deployment = flags.model.deployment;
  set_person(question, flags.who);
  question.count = flags.count;
  question.include_history = flags.include_history;
  question.only = ids_of(flags.only);
  question.exclude = ids_of(flags.exclude);
  question.where = flags.where;
  set_filter(question, flags.filter);
  question.explore = flags.explore;
  question.explore_days = flags.explore_days;
  question.diversity = flags.diversity;
  question.seed = flags.seed;
  question.explain = flags.explain;
  return ask.recommend(question);
}

std::string because_of(const std::vector<wire::api::reason_view>& reasons) {
  std::string text;
  for (const auto& reason : reasons) {
    text += fmt::format("{}{} ({:.0f} %)", text.empty() ? "" : ", ", reason.item, 100 * reason.share);
  }
  return text;
}

// What stands before an answer that is not personal because of what the person chose.
std::string note_of(const std::optional<std::string>& withheld) {
  return withheld ? fmt::format("Not personal, as for somebody unknown: {}\n\n",
                                *withheld == "objection"     ? "the person objects to this use (objection)"
                                : *withheld == "restriction" ? "the person's data is restricted (restriction)"
                                                             : "the person gave no consent (no_consent)")
                  : std::string();
}

void answer(const recommend_flags& flags, environment& shared) {
  auto given = asked(flags, *open_asker(flags.model, shared));
  require_known(flags.who, given);
  const answer_row row{given.recommender, given.family, given.withheld, std::move(given.items)};
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
  shared.print(note_of(row.withheld) + table.str());
}

struct similar_flags {
  model_flags model;
  std::string item;
  std::uint32_t count = 25;
  filter_flags filter;
  std::string user;
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
  wire::api::similar_body question;
  question.deployment = flags.model.deployment;
  question.item = flags.item;
  question.count = flags.count;
  set_filter(question, flags.filter);
  if (!flags.user.empty()) {
    question.user = flags.user;
  }
  const auto given = open_asker(flags.model, shared)->similar(question);
  similar_row row{flags.model.name, flags.item, {}};
  for (const auto& entry : given.items) {
    row.similar.push_back({entry.item, entry.score.value_or(0)});
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
  model_flags model;
  person_flags who;
  std::string item;
  std::uint32_t count = 10;
};

struct explain_row {
  std::string model;
  std::string item;
  std::vector<wire::api::reason_view> because;
};
BOOST_DESCRIBE_STRUCT(explain_row, (), (model, item, because))

void explain(const explain_flags& flags, environment& shared) {
  wire::api::explanation_body question;
  question.deployment = flags.model.deployment;
  set_person(question, flags.who);
  question.item = flags.item;
  question.count = flags.count;
  auto given = open_asker(flags.model, shared)->explain(question);
  require_known(flags.who, given);
  const explain_row row{flags.model.name, flags.item, std::move(given.items.at(0).because)};
  if (shared.json) {
    shared.print(core::write_json(row, 2));
    return;
  }
  if (row.because.empty()) {
    shared.print(note_of(given.withheld) +
                 "Nothing that the person did speaks for this item: the answer is not personal\n");
    return;
  }
  text_table table({"past interaction", "share"});
  for (const auto& reason : row.because) {
    table.add({reason.item, fmt::format("{:.1f} %", 100 * reason.share)});
  }
  shared.print(table.str());
}

void add_person(CLI::App& command, person_flags& who) {
  command.add_option("--user", who.user, "A USER_ID of the dataset");
  command.add_option("--history", who.history, "A visitor instead: the items they looked at, ITEM,ITEM")
      ->allow_extra_args(false);
}

void add_filter(CLI::App& command, filter_flags& filter) {
  command.add_option("--filter", filter.expression,
                     "Only what a filter of Amazon Personalize allows, INCLUDE ItemID WHERE Items.PRICE <= $PRICE");
  command
      .add_option("--filter-value", filter.values,
                  "A value for a parameter of the filter, PRICE=20; several with commas; may be repeated")
      ->allow_extra_args(false);
}

void add_name(CLI::App& command, model_flags& model) {
  command.add_option("--name", model.name, "The trained model")->required();
  command.add_option("--deployment", model.deployment, "Ask its version that is deployed under this name");
}

}  // namespace

void add_recommend(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<recommend_flags>();
  CLI::App* command = recommend.add_subcommand("recommend", "What to show somebody");
  add_name(*command, flags->model);
  add_person(*command, flags->who);
  command->add_option("--count", flags->count, "How many")->capture_default_str();
  command->add_flag("--include-history", flags->include_history, "Recommend also what the person has already");
  command->add_option("--only", flags->only, "Choose from these items, ITEM,ITEM")->allow_extra_args(false);
  command->add_option("--exclude", flags->exclude, "Never these items, ITEM,ITEM")->allow_extra_args(false);
  command
      ->add_option("--where", flags->where,
                   "A condition on an item's metadata, PRICE<=20; may be repeated, all must hold")
      ->allow_extra_args(false);
  add_filter(*command, flags->filter);
  command->add_option("--rank", flags->rank, "Rank these items for the person instead, ITEM,ITEM")
      ->allow_extra_args(false);
  command->add_option("--explore", flags->explore, "The share of places for new items, 0 to 1")->capture_default_str();
  command->add_option("--explore-days", flags->explore_days,
                      "New are also items whose CREATION_TIMESTAMP is at most so many days old");
  command->add_option("--seed", flags->seed, "Of the exploration")->capture_default_str();
  command->add_option("--diversity", flags->diversity, "How unlike each other the items are to be, 0 to 1")
      ->capture_default_str();
  command->add_option("--explain", flags->explain, "Say why, with so many past interactions");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { answer(*flags, shared); }; });
}

void add_similar(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<similar_flags>();
  CLI::App* command = recommend.add_subcommand("similar", "The items most like one");
  add_name(*command, flags->model);
  command->add_option("--item", flags->item, "Which")->required();
  command->add_option("--count", flags->count, "How many")->capture_default_str();
  add_filter(*command, flags->filter);
  command->add_option("--user", flags->user, "Whose interactions and profile the filter asks for");
  command->callback([flags, &shared] { shared.action = [flags, &shared] { similar(*flags, shared); }; });
}

void add_explain(CLI::App& recommend, environment& shared) {
  auto flags = std::make_shared<explain_flags>();
  CLI::App* command = recommend.add_subcommand("explain", "Why an item is recommended to somebody");
  add_name(*command, flags->model);
  add_person(*command, flags->who);
  command->add_option("--item", flags->item, "Which")->required();
  command->add_option("--count", flags->count, "How many past interactions")->capture_default_str();
  command->callback([flags, &shared] { shared.action = [flags, &shared] { explain(*flags, shared); }; });
}

}  // namespace eunomia::app
