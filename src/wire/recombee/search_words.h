#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

// What somebody searches for: the words of a query, each with its synonyms.
class search_words {
 public:
  static constexpr std::size_t max_query_bytes = 1'024;
  static constexpr std::size_t max_query_words = 32;
  static constexpr std::size_t shortest_prefix = 3;  // of a word that may be unfinished

  // Throws errc::invalid_argument for a query that is too long, or has no words.
  search_words(const call& of, std::string_view query);

  // In small letters, at what is neither a letter nor a digit.
  static std::set<std::string> words_of(std::string_view text);
  // The words of an item's id, strings and sets.
  static std::set<std::string> words_of(std::string_view id, const std::vector<property>& properties,
                                        const database::values& known);

  std::size_t size() const { return words_.size(); }
  // How well the i-th word is found: 1 as it stands, or a synonym; 0.5 as the beginning of a word; 0 not at all.
  double found(std::size_t i, const std::set<std::string>& among) const;
  // The share of the words that are found, 0 to 1.
  double found_in(const std::set<std::string>& among) const;

 private:
  std::vector<std::vector<std::string>> words_;  // the word and its synonyms
};

}  // namespace eunomia::wire::recombee
