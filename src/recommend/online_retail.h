#pragma once

// Reads the split of UCI Online Retail that tests and benchmarks of this room measure on. Only those include it.

#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "recommend/interactions.h"
#include "recommend/model.h"

namespace eunomia::recommend::testing {

// A test user: what they did, and what they did next.
struct test_user {
  std::vector<preference> history;     // by item, ascending
  std::vector<item_position> targets;  // ascending
  std::int64_t now = 0;                // the time of the newest event of the history, UTC ms
};

struct online_retail {
  interactions train;
  std::vector<test_user> users;

  // The folder of the data: below EUNOMIA_SHARED, or shared/ beside the project. Empty when it is not there.
  static std::filesystem::path folder() {
    const char* const shared = std::getenv("EUNOMIA_SHARED");
    const auto root = shared != nullptr
                          ? std::filesystem::path(shared)
                          : std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "../shared";
    const auto data = root / "data/online-retail/split";
    return std::filesystem::exists(data / "train.csv.gz") ? data : std::filesystem::path();
  }

  // Nothing where the data are absent.
  static std::optional<online_retail> read() {
    const auto data = folder();
    if (data.empty()) {
      return std::nullopt;
    }
    const auto train = rows_of(data / "train.csv.gz"), fold_in = rows_of(data / "fold_in.csv.gz"),
               targets = rows_of(data / "targets.csv.gz");
    std::vector<std::string> ids;
    for (const auto* rows : {&train, &fold_in, &targets}) {
      for (const row& r : *rows) {
        ids.push_back(r.item);
      }
    }
    online_retail result;
    const auto items = std::make_shared<const catalogue>(std::move(ids));
    result.train.items = items;
    result.train.event_types = {"purchase"};
    result.train.event_type.assign(train.size(), 0);
    for (const row& r : train) {
      result.train.subject.push_back(core::subject_handle(r.user));
      result.train.item.push_back(*items->find(r.item));
      result.train.time.push_back(r.time);
    }
    std::map<std::uint64_t, test_user> users;
    for (const row& r : fold_in) {
      users[r.user].history.push_back({*items->find(r.item), 1, r.time});
      users[r.user].now = std::max(users[r.user].now, r.time);
    }
    for (const row& r : targets) {
      users[r.user].targets.push_back(*items->find(r.item));
    }
    for (auto& [user, test] : users) {
      std::sort(test.history.begin(), test.history.end(), [](auto& a, auto& b) { return a.item < b.item; });
      std::sort(test.targets.begin(), test.targets.end());
      result.users.push_back(std::move(test));
    }
    return result;
  }

 private:
  struct row {
    std::uint64_t user;
    std::string item;
    std::int64_t time;
  };

  static std::vector<row> rows_of(const std::filesystem::path& file) {
    gzFile const in = gzopen(file.c_str(), "rb");
    std::vector<row> rows;
    char line[256];
    for (bool header = true; in != nullptr && gzgets(in, line, sizeof line) != nullptr; header = false) {
      const std::string_view text(line);
      const std::size_t first = text.find(','), second = text.find(',', first + 1);
      if (header || second == std::string_view::npos) {
        continue;
      }
      row r{0, std::string(text.substr(first + 1, second - first - 1)), 0};
      std::from_chars(text.data(), text.data() + first, r.user);
      std::from_chars(text.data() + second + 1, text.data() + text.size(), r.time);
      r.time *= 1000;
      rows.push_back(std::move(r));
    }
    gzclose(in);
    return rows;
  }
};

// The best 25 items that are not in the history, best first, ties by position.
inline std::vector<item_position> top_25(const scorer& answers, const test_user& user) {
  std::vector<float> scores(answers.items().size());
  answers.score({user.history, {}, user.now}, scores);
  for (const preference& p : user.history) {
    scores[p.item] = -std::numeric_limits<float>::infinity();
  }
  std::vector<item_position> order(scores.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::partial_sort(order.begin(), order.begin() + 25, order.end(), [&](item_position a, item_position b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  order.resize(25);
  return order;
}

inline std::vector<std::vector<item_position>> all_top_25(const scorer& answers, const online_retail& data) {
  std::vector<std::vector<item_position>> all;
  for (const test_user& user : data.users) {
    all.push_back(top_25(answers, user));
  }
  return all;
}

// Binary nDCG@10, and recall@20 capped at 20, averaged over the test users.
struct quality {
  double ndcg_at_10 = 0;
  double recall_at_20 = 0;
};
inline quality quality_of(const std::vector<std::vector<item_position>>& lists, const online_retail& data) {
  quality sum;
  for (std::size_t u = 0; u < lists.size(); ++u) {
    const auto& targets = data.users[u].targets;
    double gain = 0, ideal = 0, hits = 0;
    for (std::size_t rank = 0; rank < 20; ++rank) {
      const double discount = 1 / std::log2(static_cast<double>(rank) + 2);
      const bool hit = std::binary_search(targets.begin(), targets.end(), lists[u][rank]);
      hits += hit;
      gain += rank < 10 && hit ? discount : 0;
      ideal += rank < 10 && rank < targets.size() ? discount : 0;
    }
    sum.ndcg_at_10 += gain / ideal;
    sum.recall_at_20 += hits / static_cast<double>(std::min<std::size_t>(20, targets.size()));
  }
  const auto users = static_cast<double>(lists.size());
  return {sum.ndcg_at_10 / users, sum.recall_at_20 / users};
}

}  // namespace eunomia::recommend::testing
