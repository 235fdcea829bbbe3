// GDPRbench's four workloads over Eunomia's store, with sealing and a synchronous audit chain, beside a PostgreSQL that
// does the same (postgresql_store.h), in turn:
//
//   scripts/with-postgres --set shared_buffers=2GB ... gdprbench [--size shipped|large|all|smoke] [--rounds N]
//     [--clients N,...] [--roles controller,customer,processor,regulator] [--mix shipped|paper]
//     [--records N] [--operations N] [--purposes N] [--people N] [--data-bytes N] [--seed N]
//     [--peer arrays|scalars|none]
//
// Prints one JSON object per figure, and ends with 1 when any answer of either store was not the model's. Without
// EUNOMIA_TEST_POSTGRESQL, or with --peer none, there is no peer.
//
// The limit that is aimed at. An operation is answered when its audit entry rests on disk. With n clients at once, and
// one wait f of the disk for all that wait together, no store answers operations faster than f / n each; the rest is
// processor time. Ours is some 20 to 40 us, half of it the kernel's for putting a caller to sleep and waking it,
// whatever the number of records that the operation is about (personal_records.h). PostgreSQL's grows with it: what a
// purpose is, is told to N / purposes records, a new row version and some ten index entries each; and read from as many
// rows. With one client both wait for the disk, once for each operation, and no ratio beyond a few is possible where
// the peer has little else to do: the regulator's.
//
// What ours leaves for later, the rows of what changed, is timed behind the clock, and so is the peer's VACUUM.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/gdprbench/eunomia_store.h"
#include "bench/gdprbench/postgresql_store.h"
#include "bench/gdprbench/run.h"

namespace {

using namespace eunomia::gdprbench;

constexpr std::string_view usage =
    "gdprbench: see the head of bench/gdprbench/main.cpp for the options; this one is not known: ";

struct settings {
  std::string size = "all";
  int rounds = 0;                 // 0: as the size says
  std::vector<unsigned> clients;  // empty: as the size says
  std::vector<role> roles = {role::controller, role::customer, role::processor, role::regulator};
  std::string peer = "arrays";
  std::string url;
  workload_parameters parameters;
  std::map<std::string, std::uint64_t, std::less<>> given;
};

// What is run: a size, how often, and by how many at once.
struct campaign {
  workload_parameters parameters;
  int rounds = 3;
  std::vector<unsigned> clients;
};

std::vector<std::string_view> parts(std::string_view list) {
  std::vector<std::string_view> made;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    made.push_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return made;
}

template <class Number>
bool read(std::string_view text, Number& into) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), into);
  return problem == std::errc() && end == text.data() + text.size();
}

std::optional<role> role_named(std::string_view name) {
  for (const role one : {role::controller, role::customer, role::processor, role::regulator}) {
    if (name_of(one) == name) {
      return one;
    }
  }
  return std::nullopt;
}

bool apply(settings& to, std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 6> numbers = {"--records", "--operations", "--purposes",
                                                       "--people",  "--data-bytes", "--seed"};
  if (std::ranges::find(numbers, name) != numbers.end()) {
    return read(value, to.given[std::string(name)]);
  }
  if (name == "--size") {
    to.size = value;
    return value == "shipped" || value == "large" || value == "all" || value == "smoke";
  }
  if (name == "--rounds") {
    return read(value, to.rounds) && to.rounds > 0;
  }
  if (name == "--mix") {
    to.parameters.as = value == "paper" ? mix::paper : mix::shipped;
    return value == "paper" || value == "shipped";
  }
  if (name == "--peer") {
    to.peer = value;
    return value == "arrays" || value == "scalars" || value == "none";
  }
  if (name == "--clients") {
    for (const std::string_view one : parts(value)) {
      if (!read(one, to.clients.emplace_back()) || to.clients.back() == 0) {
        return false;
      }
    }
    return !to.clients.empty();
  }
  if (name == "--roles") {
    to.roles.clear();
    for (const std::string_view one : parts(value)) {
      const auto known = role_named(one);
      if (!known) {
        return false;
      }
      to.roles.push_back(*known);
    }
    return !to.roles.empty();
  }
  return false;
}

std::vector<campaign> campaigns(const settings& of) {
  std::vector<campaign> made;
  const auto add = [&](std::uint64_t records, std::uint64_t operations, std::uint64_t purposes, std::uint64_t people,
                       int rounds, std::vector<unsigned> clients) {
    campaign one{of.parameters, of.rounds > 0 ? of.rounds : rounds, of.clients.empty() ? clients : of.clients};
    workload_parameters& p = one.parameters;
    const auto given = [&](std::string_view name, std::uint64_t otherwise) {
      const auto known = of.given.find(name);
      return known == of.given.end() ? otherwise : known->second;
    };
    p.records = given("--records", records);
    p.operations = given("--operations", operations);
    p.purposes = given("--purposes", purposes);
    p.people = given("--people", people);
    p.data_bytes = given("--data-bytes", p.data_bytes);
    p.seed = given("--seed", p.seed);
    made.push_back(one);
  };
  if (of.size == "smoke") {
    add(500, 300, 5, 200, 1, {8});
  }
  if (of.size == "shipped" || of.size == "all") {
    add(10'000, 1000, 25, 10'000, 3, {32, 1});
  }
  if (of.size == "large" || of.size == "all") {
    add(100'000, 10'000, 100, 10'000, 1, {32});
  }
  return made;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

std::string grouped(std::uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t at = text.size(); at > 3; at -= 3) {
    text.insert(at - 3, ",");
  }
  return text;
}

// The rounds of one store with one workload.
struct rounds {
  std::vector<run_result> results;

  template <class Of>
  double median_of(Of of) const {
    std::vector<double> values;
    for (const run_result& one : results) {
      values.push_back(of(one));
    }
    return median(values);
  }
  double seconds() const {
    return median_of([](const run_result& r) { return r.seconds; });
  }
  double latency_ms(double quantile) const {
    return median_of([&](const run_result& r) { return r.latency_ms(quantile); });
  }
  double overhead() const {
    return median_of([](const run_result& r) {
      return static_cast<double>(r.total_bytes) / static_cast<double>(std::max<std::uint64_t>(1, r.personal_bytes));
    });
  }
  // Of the worst round.
  double correctness() const {
    double least = 100;
    for (const run_result& one : results) {
      least = std::min(least, one.audit_is_complete ? one.correctness_percent() : 0);
    }
    return least;
  }
};

std::string ratios(const rounds& ours, const rounds& theirs) {
  std::string text;
  for (std::size_t i = 0; i < ours.results.size() && i < theirs.results.size(); ++i) {
    text += fmt::format("{}{:.1f}", text.empty() ? "" : ", ", theirs.results[i].seconds / ours.results[i].seconds);
  }
  return text;
}

class report {
 public:
  report(const campaign& of, unsigned clients, std::string peer)
      : campaign_(of), clients_(clients), peer_(std::move(peer)) {}

  void print(role who, const rounds& ours, const rounds& theirs) const {
    const workload_parameters& p = campaign_.parameters;
    const std::string what = fmt::format("{}: {} records, {} operations, {} client{}", name_of(who), grouped(p.records),
                                         grouped(p.operations), clients_, clients_ == 1 ? "" : "s");
    const bool has_peer = !theirs.results.empty();
    const double ratio = has_peer ? theirs.seconds() / ours.seconds() : 0;
    const std::string peer =
        has_peer ? fmt::format(R"("peer": "{}", "theirs": {:.3f}, )", peer_, theirs.seconds()) : "";
    const std::string goal =
        has_peer && clients_ > 1
            ? fmt::format(R"("goal": "a twentieth of the peer's", "met": {}, )", ratio >= 20 ? "true" : "false")
            : "";
    fmt::print(R"({{"bench": "gdprbench", "figure": "{}", "unit": "s", "better": "lower", "ours": {:.4f}, {}{})"
               R"("note": "{} mix; {:.0f} operations/s; an answer p50 {:.2f} ms, p99 {:.2f} ms{}; {:.2f} s of )"
               R"(processor time, the rest is waiting; what was left for later took {:.2f} s{}"}})"
               "\n",
               what, ours.seconds(), peer, goal, name_of(available_mix(who, p.as)),
               static_cast<double>(ours.results.front().operations) / ours.seconds(), ours.latency_ms(0.5),
               ours.latency_ms(0.99),
               has_peer ? fmt::format(" (the peer's {:.2f} and {:.2f}); ratios of the rounds {}",
                                      theirs.latency_ms(0.5), theirs.latency_ms(0.99), ratios(ours, theirs))
                        : "",
               ours.median_of([](const run_result& r) { return r.processor_seconds; }), settling(ours),
               has_peer ? fmt::format(" (the peer's VACUUM and CHECKPOINT {:.2f} s)", settling(theirs)) : "");
    print_one("answers that are right, audit complete", "%", "higher", what, ours.correctness(), theirs,
              theirs.correctness(), R"("goal": "100 %", )", ours.correctness() == 100);
    print_one("space: all bytes / bytes of data", "", "lower", what, ours.overhead(), theirs, theirs.overhead(), "",
              true);
    std::fflush(stdout);
  }

 private:
  static double settling(const rounds& of) {
    return of.median_of([](const run_result& r) { return r.settling_seconds; });
  }

  void print_one(std::string_view figure, std::string_view unit, std::string_view better, const std::string& what,
                 double ours, const rounds& their_rounds, double theirs, std::string_view goal, bool met) const {
    fmt::print(R"({{"bench": "gdprbench", "figure": "{}, {}", "unit": "{}", "better": "{}", "ours": {:.4g}{}{}{}}})"
               "\n",
               what, figure, unit, better, ours,
               their_rounds.results.empty() ? "" : fmt::format(R"(, "peer": "{}", "theirs": {:.4g})", peer_, theirs),
               goal.empty() ? "" : ", ", goal.empty() ? "" : fmt::format(R"({}"met": {})", goal, met));
  }

  const campaign& campaign_;
  unsigned clients_;
  std::string peer_;
};

// True when every answer was right.
bool run(const settings& of, const campaign& now, unsigned clients) {
  bool right = true;
  const bool has_peer = of.peer != "none" && !of.url.empty();
  const multi_valued columns = of.peer == "scalars" ? multi_valued::scalars : multi_valued::arrays;
  const report out(now, clients, of.peer == "scalars" ? "PostgreSQL 15, B-trees" : "PostgreSQL 15");
  for (const role who : of.roles) {
    workload_parameters p = now.parameters;
    p.who = who;
    rounds ours, theirs;
    const auto add = [&](rounds& to, std::string_view name, store_under_test& store) {
      to.results.push_back(run_workload(store, p, clients));
      const run_result& one = to.results.back();
      fmt::print(stderr, "{} {} {} clients: {:.3f} s, {:.3f} s of processor, {}/{} right, audit {}, {} bytes\n",
                 name_of(who), name, clients, one.seconds, one.processor_seconds, one.correct, one.operations,
                 one.audit_is_complete ? "complete" : "INCOMPLETE", one.total_bytes);
      right = right && one.is_right();
    };
    for (int round = 0; round < now.rounds; ++round) {
      add(ours, "eunomia", *make_eunomia_store(p));
      if (has_peer) {
        add(theirs, "postgresql", *make_postgresql_store(p, of.url, columns));
      }
    }
    out.print(who, ours, theirs);
  }
  return right;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    settings of;
    for (int i = 1; i < count; i += 2) {
      if (i + 1 == count || !apply(of, arguments[i], arguments[i + 1])) {
        fmt::print(stderr, "{}{}\n", usage, arguments[i]);
        return 2;
      }
    }
    if (const char* url = std::getenv("EUNOMIA_TEST_POSTGRESQL"); url != nullptr && of.peer != "none") {
      of.url = url;
    } else {
      fmt::print(stderr, "no PostgreSQL beside it: run it under scripts/with-postgres\n");
    }
    bool right = true;
    for (const campaign& now : campaigns(of)) {
      for (const unsigned clients : now.clients) {
        right = run(of, now, clients) && right;
      }
    }
    return right ? 0 : 1;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "{}\n", problem.what());
    return 1;
  }
}
