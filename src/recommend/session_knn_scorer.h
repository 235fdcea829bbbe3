#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "recommend/model.h"
#include "recommend/session_index.h"
#include "recommend/session_knn.h"

namespace eunomia::recommend {

// Answers from a session index.
class session_knn_scorer final : public scorer {
 public:
  session_knn_scorer(std::shared_ptr<const catalogue> items, session_index index,
                     const session_knn_parameters& parameters);

  void score(const person& who, std::span<float> scores) const override;
  std::vector<scored_item> similar(item_position item, std::size_t count) const override;
  std::vector<contribution> explain(const person& who, item_position item, std::size_t count) const override;

  const session_index& index() const { return index_; }

 private:
  struct near_session {
    std::uint32_t session;
    std::uint32_t similarity;  // in units of 1 / L: sum of L - pos(i)
    std::uint32_t nearest;     // min pos(i)
  };

  // The newest items of the history, the newest first.
  std::vector<item_position> query_of(const person& who) const;
  // The sessions that speak for the query, from new to old.
  std::vector<near_session> neighbours_of(std::span<const item_position> query) const;
  // What one of them says for each of its items, before idf. length: L.
  static float vote_of(const near_session& s, std::size_t length);
  // Adds the neighbours' votes to scores; what none speaks for stays as it is.
  void add_votes(std::span<const item_position> query, std::span<float> scores) const;

  session_index index_;
  std::uint32_t recent_sessions_;
  std::uint32_t neighbours_;
  std::uint32_t last_items_;
  std::vector<float> idf_;
  std::vector<float> tail_;
};

}  // namespace eunomia::recommend
