#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "recommend/model.h"
#include "recommend/variety.h"

namespace eunomia::recommend {

// A set of items of one catalogue, a bit each: what a filter allows. It may be longer than the catalogue, where items
// that the model does not know stand behind it; a shorter one has nothing of what is behind its end.
class item_set {
 public:
  // size: of the catalogue, or more. Empty, or with every item.
  explicit item_set(std::uint32_t size, bool all = false)
      : words_((size + 63) / 64, all ? ~std::uint64_t{0} : 0), size_(size) {}

  std::uint32_t size() const { return size_; }
  bool contains(item_position item) const { return item < size_ && (words_[item / 64] >> (item % 64) & 1) != 0; }
  void insert(item_position item) { words_[item / 64] |= std::uint64_t{1} << (item % 64); }
  void erase(item_position item) { words_[item / 64] &= ~(std::uint64_t{1} << (item % 64)); }
  // Takes out what the other, of the same catalogue, has not.
  void keep_only(const item_set& other);
  // Puts in, as far as this is long, and takes out, what the other, of the same catalogue, has.
  void insert_all(const item_set& other);
  void erase_all(const item_set& other);
  std::uint32_t count() const;

 private:
  std::vector<std::uint64_t> words_;
  std::uint32_t size_;
};

// New items have no interactions a model could have learned from: a share of the places is theirs. They are drawn
// without replacement (Efraimidis, Spirakis 2006), an item of rank r = 0, 1, … in the model's own order (equals: the
// middle of their places) with weight 1 / (1 + r): families that know items by their features thus show those first
// that suit the person, and to the others all new items are alike. The same seed draws the same items.
struct exploration {
  double share = 0;                     // of the places, 0 to 1, rounded to whole places
  const item_set* new_items = nullptr;  // of the scorer's catalogue, or longer; null: no exploration
  std::uint64_t seed = 0;
};

struct recommendation_request {
  person who = {};
  std::size_t count = 25;
  bool exclude_history = true;        // items of who.history are not recommended
  const item_set* allowed = nullptr;  // of the scorer's catalogue, applied before ranking; null: every item
  exploration explore = {};
  // What an item's score is multiplied by, [the scorer's catalogue] or empty: 0 or more; 0: not recommended. A score
  // below 0 is divided by it, so that a larger factor never makes an item worse.
  std::span<const float> factors = {};
  variety vary = {};
  // How many people have each item, [the scorer's catalogue]: what everybody is shown of whom the model knows nothing,
  // where it scores all items alike for them. Empty: their order is that of the catalogue.
  std::span<const std::uint32_t> popularity = {};
};

struct recommendation {
  item_position item;  // behind the catalogue: one that the model does not know, explored
  float score;         // -infinity for an explored item that the model cannot score
  bool explored = false;
  friend bool operator==(const recommendation&, const recommendation&) = default;
};

inline constexpr std::size_t max_recommendations = 10'000;

// The best items for a person, best first; of equal scores the item of the lower position. Explored items stand evenly
// spread, and never first unless they have more than half of the places. Fewer than count when there are no more
// candidates. Throws errc::invalid_argument for a count above max_recommendations, a share outside 0 to 1, and as
// vary() does.
std::vector<recommendation> recommend(const scorer& model, const recommendation_request& request);

// One entry of a list that was ranked for a person.
struct ranked_id {
  std::size_t index;  // in the list as it was given
  float score;        // -infinity: the model has no score for it
};

// Re-ranks a given list of item ids for a person, the history included. What the model does not know, or has no score
// for, comes last, in the given order. popularity: as recommendation_request has it.
std::vector<ranked_id> rank(const scorer& model, const person& who, std::span<const std::string> ids,
                            std::span<const std::uint32_t> popularity = {});

// The best count of scores that is finite and allowed, best first; of equal scores the lower position.
std::vector<scored_item> top(std::span<const float> scores, std::size_t count, const item_set* allowed = nullptr);

}  // namespace eunomia::recommend
