// Search: what the words of a query find among the items, ranked by how well and by how much they suit the user; and
// synonyms.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "wire/recombee/parameters.h"
#include "wire/recombee/recommending.h"
#include "wire/recombee/reql_functions.h"
#include "wire/recombee/search_words.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;

constexpr std::size_t most_ranked = 1'000;  // of those that were found best
constexpr double personal_share = 0.5;      // how much a user's taste adds to what was found
constexpr std::size_t max_listed_synonyms = 10'000;

struct found_item {
  std::string id;
  double score = 0;
};

// A word that few items have says more (inverse document frequency).
std::vector<found_item> find(const call& of, const list_question& what, const search_words& words) {
  struct match {
    std::string id;
    double factor = 1;
    std::vector<double> found;
  };
  std::vector<match> matches;
  std::vector<double> with_word(words.size(), 0);
  std::size_t items = 0;
  each_allowed(of, what, [&](const std::string& id, const database::values& known, double factor) {
    ++items;
    const auto among = search_words::words_of(id, of.db().item_properties(), known);
    match one{id, factor, {}};
    bool any = false;
    for (std::size_t i = 0; i < words.size(); ++i) {
      one.found.push_back(words.found(i, among));
      with_word[i] += one.found.back() > 0 ? 1 : 0;
      any = any || one.found.back() > 0;
    }
    if (any) {
      matches.push_back(std::move(one));
    }
  });
  std::vector<found_item> list;
  for (match& one : matches) {
    double score = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
      score += one.found[i] * std::log(1 + static_cast<double>(items) / std::max(with_word[i], 1.0));
    }
    list.push_back({std::move(one.id), score * one.factor});
  }
  std::ranges::stable_sort(list, std::greater(), &found_item::score);
  list.resize(std::min(list.size(), most_ranked));
  return list;
}

// What suits the user best comes up by personal_share, what suits least stays.
void personalise(const call& of, const list_question& what, std::vector<found_item>& list) {
  if (!what.who.user || list.empty()) {
    return;
  }
  std::vector<std::string> ids;
  ids.reserve(list.size());
  for (const found_item& one : list) {
    ids.push_back(one.id);
  }
  try {
    const auto ranking =
        of.in.answering.rank(of.in.answers.for_scenario(of.db().name(), what.scenario), what.who, ids).items;
    std::map<std::string, double> taste;
    for (std::size_t i = 0; i < ranking.size(); ++i) {
      if (ranking[i].score) {
        taste[ranking[i].item] = 1 - static_cast<double>(i) / static_cast<double>(ranking.size());
      }
    }
    for (found_item& one : list) {
      one.score *= 1 + personal_share * taste[one.id];
    }
  } catch (const core::error& problem) {
    if (problem.code() != errc::failed_precondition) {
      throw;  // else nothing is trained yet
    }
  }
  std::ranges::stable_sort(list, std::greater(), &found_item::score);
}

reply search_items(call& of) {
  list_question what = question_in(of, of.given);
  const search_words words(of, of.given.required_text("searchQuery"));
  ask_for(of, what, of.named("userId"), of.given);
  auto found = find(of, what, words);
  personalise(of, what, found);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < std::min(found.size(), what.count); ++i) {
    ids.push_back(found[i].id);
  }
  return {200, recommended(of, what, ids, list_given(of, "search-items", {}, what.about.user), given_lists::new_id())};
}

json_value shown_synonym(const definition& one) {
  json_value body = json_value::of_object();
  body.append("id", of_text(one.id));
  for (std::size_t i = 0; i < one.body.names().size(); ++i) {
    body.append(one.body.names()[i], one.body.elements()[i]);
  }
  return body;
}

reply add_synonym(call& of) {
  const std::string term = of.given.required_text("term");
  const std::string synonym = of.given.required_text("synonym");
  const bool one_way = of.given.flag("oneWay").value_or(false);
  if (search_words::words_of(term).empty() || search_words::words_of(synonym).empty() ||
      term.size() > search_words::max_query_bytes || synonym.size() > search_words::max_query_bytes) {
    refuse_parameter("term", "term and synonym are words, of at most 1024 bytes");
  }
  definition made{definition_kind::synonym, "", core::to_hex(core::hmac_sha256(term, synonym)).substr(0, 32)};
  made.body.append("term", of_text(term));
  made.body.append("synonym", of_text(synonym));
  made.body.append("oneWay", json_value::of_boolean(one_way));
  of.in.made.add(of.db().name(), made);
  return {201, shown_synonym(made)};
}

reply list_synonyms(call& of) {
  const auto all = of.in.made.list(of.db().name(), definition_kind::synonym);
  const std::size_t offset = of.given.count("offset", max_listed_synonyms).value_or(0);
  const std::size_t count = of.given.count("count", max_listed_synonyms).value_or(max_listed_synonyms);
  json_value list = json_value::of_array();
  for (std::size_t i = offset; i < all.size() && i - offset < count; ++i) {
    list.append(shown_synonym(all[i]));
  }
  json_value body = json_value::of_object();
  body.append("synonyms", std::move(list));
  return {200, std::move(body)};
}

reply delete_synonym(call& of) {
  if (!of.in.made.remove(of.db().name(), definition_kind::synonym, "", of.named("id"))) {
    throw core::error(errc::not_found, "There is no such synonym");
  }
  return {};
}

}  // namespace

search_words::search_words(const call& of, std::string_view query) {
  if (query.size() > max_query_bytes) {
    refuse_parameter("searchQuery", fmt::format("has more than max_query_bytes = {}", max_query_bytes));
  }
  const auto synonyms = of.in.made.list(of.db().name(), definition_kind::synonym);
  for (const std::string& word : words_of(query)) {
    std::vector<std::string> all = {word};
    for (const definition& one : synonyms) {
      const parameters body(one.body);
      const auto term = words_of(body.required_text("term"));
      const auto synonym = words_of(body.required_text("synonym"));
      if (term.contains(word)) {
        all.insert(all.end(), synonym.begin(), synonym.end());
      }
      if (synonym.contains(word) && !body.flag("oneWay").value_or(false)) {
        all.insert(all.end(), term.begin(), term.end());
      }
    }
    words_.push_back(std::move(all));
  }
  if (words_.empty() || words_.size() > max_query_words) {
    refuse_parameter("searchQuery", fmt::format("has 1 to max_query_words = {} words", max_query_words));
  }
}

std::set<std::string> search_words::words_of(std::string_view text) {
  std::set<std::string> words;
  std::string word;
  const std::string small = lower_case(text);
  for (const char c : small) {
    const bool part = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    if (part) {
      word += c;
    } else if (!word.empty()) {
      words.insert(std::exchange(word, {}));
    }
  }
  if (!word.empty()) {
    words.insert(word);
  }
  return words;
}

std::set<std::string> search_words::words_of(std::string_view id, const std::vector<property>& properties,
                                             const database::values& known) {
  std::set<std::string> all = words_of(id);
  for (std::size_t i = 0; i < properties.size(); ++i) {
    if (properties[i].type == property_type::string && known[i].text() != nullptr) {
      all.merge(words_of(*known[i].text()));
    } else if (properties[i].type == property_type::set && known[i].collection() != nullptr) {
      for (const reql_value& one : known[i].collection()->elements) {
        all.merge(words_of(*one.text()));
      }
    }
  }
  return all;
}

double search_words::found(std::size_t i, const std::set<std::string>& among) const {
  for (const std::string& word : words_[i]) {
    if (among.contains(word)) {
      return 1;
    }
  }
  const std::string& unfinished = words_[i].front();
  const auto next = among.lower_bound(unfinished);
  return unfinished.size() >= shortest_prefix && next != among.end() && next->starts_with(unfinished) ? 0.5 : 0;
}

double search_words::found_in(const std::set<std::string>& among) const {
  double sum = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    sum += found(i, among);
  }
  return sum / static_cast<double>(words_.size());
}

void add_search(std::vector<operation>& to) {
  using http::method;
  for (const method verb : {method::post, method::get}) {
    add_operation(to, verb, "/search/users/{userId}/items/", callers(), search_items);
  }
  add_operation(to, method::post, "/synonyms/items/", builders(), add_synonym);
  add_operation(to, method::get, "/synonyms/items/", callers(), list_synonyms);
  add_operation(to, method::delete_, "/synonyms/items/", builders(), [](call& of) {
    of.in.made.remove_all(of.db().name(), definition_kind::synonym);
    return reply{};
  });
  add_operation(to, method::delete_, "/synonyms/items/{id}", builders(), delete_synonym);
}

}  // namespace eunomia::wire::recombee
