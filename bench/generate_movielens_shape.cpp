// Writes interactions in the shape of MovieLens-20M, for every benchmark that needs more data than may be shipped:
//
//   generate_movielens_shape OUT.csv[.gz] [--users N] [--items N] [--interactions N] [--seed N] [--order user|time]
//
// The same arguments give the same bytes. What is taken from the real set (Harper, Konstan 2015):
//   - activity: nobody below 20 events, median 68, mean 145, the busiest 9,254: 20 plus a log-normal;
//   - popularity: about 67,000 exp(-(r/116)^0.444) events of the r-th item, that is 5,000 of the thousandth, 18 of the
//     median one, and 20 million in all. Drawing without replacement flattens the head, so it is drawn more steeply;
//   - co-occurrence: every item lies in one niche, every niche in one cluster; a person likes three niches, drawn by
//     their mass, and takes half of their items from those niches, a third from the niches' clusters, the rest from
//     anywhere. No pair occurs twice. Rows of one person ascend in time.
// A plain -order user- file is grouped by person as the real one is; -order time- is sorted as a log would be.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct options {
  std::string out;
  std::uint32_t users = 138'000;
  std::uint32_t items = 27'000;
  std::uint64_t interactions = 20'000'000;
  std::uint64_t seed = 20;
  bool by_time = false;
};

// SplitMix64 (Steele, Lea, Flood 2014).
class random_source {
 public:
  explicit random_source(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32); }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  double normal() { return std::sqrt(-2 * std::log(1 - uniform())) * std::cos(2 * std::numbers::pi * uniform()); }

 private:
  std::uint64_t state_;
};

// Draws a member in proportion to its weight in constant time: the alias method (Walker 1977; Vose 1991).
class alias_table {
 public:
  alias_table() = default;
  alias_table(std::vector<std::uint32_t> members, const std::vector<double>& weight)
      : members_(std::move(members)), keep_(members_.size(), 1.0), alias_(members_.size()) {
    const std::size_t n = members_.size();
    std::iota(alias_.begin(), alias_.end(), 0);
    for (const std::uint32_t member : members_) {
      total_ += weight[member];
    }
    std::vector<double> scaled(n);
    std::vector<std::uint32_t> small;
    std::vector<std::uint32_t> large;
    for (std::uint32_t i = 0; i < n; ++i) {
      scaled[i] = weight[members_[i]] * static_cast<double>(n) / total_;
      (scaled[i] < 1 ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
      const std::uint32_t light = small.back();
      const std::uint32_t heavy = large.back();
      small.pop_back();
      keep_[light] = scaled[light];
      alias_[light] = heavy;
      scaled[heavy] -= 1 - scaled[light];
      if (scaled[heavy] < 1) {
        large.pop_back();
        small.push_back(heavy);
      }
    }
  }

  bool empty() const { return members_.empty(); }
  double total() const { return total_; }
  std::uint32_t draw(random_source& random) const {
    const std::uint32_t i = random.below(static_cast<std::uint32_t>(members_.size()));
    return members_[random.uniform() < keep_[i] ? i : alias_[i]];
  }

 private:
  std::vector<std::uint32_t> members_;
  std::vector<double> keep_;
  std::vector<std::uint32_t> alias_;
  double total_ = 0;
};

constexpr std::uint32_t clusters = 24;
constexpr std::uint32_t niches_per_cluster = 16;
constexpr std::uint32_t niches_per_person = 3;
constexpr std::uint32_t least_activity = 20;
constexpr double greatest_share_of_catalogue = 0.343;  // 9,254 of 27,000

struct world {
  std::vector<std::uint32_t> niche_of;  // by item
  alias_table all;
  std::vector<alias_table> cluster;
  std::vector<alias_table> niche;
};

world make_world(const options& how, random_source& random) {
  std::vector<double> weight(how.items);
  std::vector<std::uint32_t> rank(how.items);
  std::iota(rank.begin(), rank.end(), 0);
  for (std::uint32_t i = how.items; i > 1; --i) {
    std::swap(rank[i - 1], rank[random.below(i)]);
  }
  const double stretch = how.items / 27'000.0;
  for (std::uint32_t item = 0; item < how.items; ++item) {
    const double popularity = std::exp(-std::pow(rank[item] / (116 * stretch), 0.444));
    weight[item] = popularity * (1 + 3 * popularity);
  }
  world made;
  made.niche_of.resize(how.items);
  std::vector<std::vector<std::uint32_t>> of_niche(clusters * niches_per_cluster);
  std::vector<std::vector<std::uint32_t>> of_cluster(clusters);
  std::vector<std::uint32_t> everything(how.items);
  std::iota(everything.begin(), everything.end(), 0);
  for (std::uint32_t item = 0; item < how.items; ++item) {
    const std::uint32_t niche = random.below(clusters * niches_per_cluster);
    made.niche_of[item] = niche;
    of_niche[niche].push_back(item);
    of_cluster[niche / niches_per_cluster].push_back(item);
  }
  made.all = alias_table(everything, weight);
  for (auto& members : of_cluster) {
    made.cluster.emplace_back(std::move(members), weight);
  }
  for (auto& members : of_niche) {
    made.niche.emplace_back(std::move(members), weight);
  }
  return made;
}

// How many events each person has; the sum is exactly how.interactions.
std::vector<std::uint32_t> make_activity(const options& how, random_source& random) {
  const auto most = static_cast<std::uint32_t>(how.items * greatest_share_of_catalogue);
  const double mean = static_cast<double>(how.interactions) / how.users;
  if (mean < 1 || mean > most) {
    throw std::invalid_argument(fmt::format("{} interactions of {} users: the mean must lie between 1 and {}",
                                            how.interactions, how.users, most));
  }
  const std::uint32_t least = std::min(least_activity, std::max(1U, static_cast<std::uint32_t>(mean / 2)));
  const double sigma = 1.378;
  const double mu = std::log(std::max(mean - least, 0.5)) - sigma * sigma / 2;
  std::vector<std::uint32_t> activity(how.users);
  std::uint64_t sum = 0;
  for (auto& events : activity) {
    const double extra = std::min(std::exp(mu + sigma * random.normal()), static_cast<double>(most - least));
    events = least + static_cast<std::uint32_t>(extra);
    sum += events;
  }
  for (std::uint32_t user = 0; sum != how.interactions; user = (user + 1) % how.users) {
    if (sum < how.interactions && activity[user] < most) {
      ++activity[user];
      ++sum;
    } else if (sum > how.interactions && activity[user] > least) {
      --activity[user];
      --sum;
    }
  }
  return activity;
}

struct event {
  std::uint32_t user;
  std::uint32_t item;
  std::int64_t time;  // seconds
  std::uint8_t half_stars;
};

class csv_file {
 public:
  explicit csv_file(const std::string& path) {
    const bool zipped = path.ends_with(".gz");
    file_ = gzopen(path.c_str(), zipped ? "wb3" : "wbT");  // T: as it is
    if (file_ == nullptr) {
      throw std::runtime_error("cannot write " + path);
    }
    gzbuffer(file_, 1U << 20);
    append("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n");
  }
  csv_file(const csv_file&) = delete;
  csv_file& operator=(const csv_file&) = delete;
  ~csv_file() {
    if (file_ != nullptr) {
      gzclose(file_);
    }
  }

  void write(const event& row) {
    char* at = std::to_chars(line_, line_ + sizeof line_, row.user + 1).ptr;
    *at++ = ',';
    at = std::to_chars(at, line_ + sizeof line_, row.item + 1).ptr;
    *at++ = ',';
    at = std::to_chars(at, line_ + sizeof line_, row.time).ptr;
    constexpr std::string_view type = ",rating,";
    std::memcpy(at, type.data(), type.size());
    at += type.size();
    *at++ = static_cast<char>('0' + row.half_stars / 2);
    *at++ = '.';
    *at++ = row.half_stars % 2 == 0 ? '0' : '5';
    *at++ = '\n';
    append({line_, static_cast<std::size_t>(at - line_)});
  }
  void close() {
    flush();
    const int status = gzclose(file_);
    file_ = nullptr;
    if (status != Z_OK) {
      throw std::runtime_error("the last bytes could not be written: is the disk full?");
    }
  }

 private:
  void append(std::string_view text) {
    if (buffer_.size() + text.size() > capacity) {
      flush();
    }
    buffer_.append(text);
  }
  void flush() {
    if (!buffer_.empty() && gzwrite(file_, buffer_.data(), static_cast<unsigned>(buffer_.size())) <= 0) {
      throw std::runtime_error("writing failed: is the disk full?");
    }
    buffer_.clear();
  }

  static constexpr std::size_t capacity = 4U << 20;
  gzFile file_ = nullptr;
  std::string buffer_;
  char line_[96];
};

class person_generator {
 public:
  person_generator(const options& how, const world& of) : of_(of), taken_(how.items, false) {}

  // Replaces rows by the person's events.
  void make(std::uint32_t user, std::uint32_t events, random_source& random, std::vector<event>& rows) {
    rows.clear();
    for (auto& niche : niches_) {
      niche = of_.niche_of[of_.all.draw(random)];
    }
    constexpr std::int64_t first_day = 789'652'800;   // 1995-01-09, as in MovieLens-20M
    constexpr std::int64_t last_day = 1'427'760'000;  // 2015-03-31
    std::int64_t time = first_day + static_cast<std::int64_t>(random.uniform() * 0.97 * (last_day - first_day));
    for (std::uint32_t i = 0; i < events; ++i) {
      const std::uint32_t item = draw(random);
      taken_[item] = true;
      const bool liked = std::find(niches_.begin(), niches_.end(), of_.niche_of[item]) != niches_.end();
      const double stars = (liked ? 4.0 : 3.2) + random.normal();
      const auto half_stars = static_cast<std::uint8_t>(std::clamp(std::lround(stars * 2), 1L, 10L));
      rows.push_back({user, item, std::min(time, last_day), half_stars});
      const bool new_session = random.below(40) == 0;
      time += new_session ? 86'400 + random.below(30 * 86'400) : 5 + random.below(120);
    }
    for (const event& row : rows) {
      taken_[row.item] = false;
    }
  }

 private:
  static constexpr int tries_in_niche = 8;

  std::uint32_t draw(random_source& random) {
    const std::uint32_t niche = niches_[random.below(niches_per_person)];
    const std::uint32_t where = random.below(6);
    const alias_table& from = where < 3   ? of_.niche[niche]
                              : where < 5 ? of_.cluster[niche / niches_per_cluster]
                                          : of_.all;
    for (int i = 0; i < tries_in_niche; ++i) {
      if (const std::uint32_t item = from.draw(random); !taken_[item]) {
        return item;
      }
    }
    for (int i = 0; i < tries_in_niche * 8; ++i) {
      if (const std::uint32_t item = of_.all.draw(random); !taken_[item]) {
        return item;
      }
    }
    std::uint32_t item = random.below(static_cast<std::uint32_t>(taken_.size()));
    while (taken_[item]) {
      item = (item + 1) % static_cast<std::uint32_t>(taken_.size());
    }
    return item;
  }

  const world& of_;
  std::vector<bool> taken_;
  std::array<std::uint32_t, niches_per_person> niches_{};
};

std::uint64_t number(std::string_view text, std::string_view option) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc{} || end != text.data() + text.size() || value == 0) {
    throw std::invalid_argument(fmt::format("{} takes a positive whole number, not \"{}\"", option, text));
  }
  return value;
}

options parse(int count, char** arguments) {
  options how;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (!name.starts_with("--")) {
      how.out = name;
      continue;
    }
    if (i + 1 == count) {
      throw std::invalid_argument(fmt::format("{} takes a value", name));
    }
    const std::string_view value = arguments[++i];
    if (name == "--users") {
      how.users = static_cast<std::uint32_t>(number(value, name));
    } else if (name == "--items") {
      how.items = static_cast<std::uint32_t>(number(value, name));
    } else if (name == "--interactions") {
      how.interactions = number(value, name);
    } else if (name == "--seed") {
      how.seed = number(value, name);
    } else if (name == "--order" && (value == "user" || value == "time")) {
      how.by_time = value == "time";
    } else {
      throw std::invalid_argument(fmt::format("unknown: {} {}", name, value));
    }
  }
  if (how.out.empty()) {
    throw std::invalid_argument(
        "usage: generate_movielens_shape OUT.csv[.gz] [--users N] [--items N] [--interactions N] [--seed N] "
        "[--order user|time]");
  }
  return how;
}

void generate(const options& how) {
  random_source random(how.seed);
  const world of = make_world(how, random);
  const std::vector<std::uint32_t> activity = make_activity(how, random);
  csv_file out(how.out);
  person_generator people(how, of);
  std::vector<event> rows;
  std::vector<event> all;
  for (std::uint32_t user = 0; user < how.users; ++user) {
    people.make(user, activity[user], random, rows);
    if (how.by_time) {
      all.insert(all.end(), rows.begin(), rows.end());
    } else {
      std::for_each(rows.begin(), rows.end(), [&](const event& row) { out.write(row); });
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const event& a, const event& b) { return a.time < b.time; });
  std::for_each(all.begin(), all.end(), [&](const event& row) { out.write(row); });
  out.close();
}

}  // namespace

int main(int count, char** arguments) {
  try {
    generate(parse(count, arguments));
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
}
