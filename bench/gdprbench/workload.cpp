#include "bench/gdprbench/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace eunomia::gdprbench {

namespace {

constexpr std::array<std::int64_t, 10> times_to_live = {30,    10000, 12000, 14000, 16000,
                                                        18000, 20000, 22000, 24000, 1000000};
constexpr std::size_t max_log_entries = 1000;

// A share of a mix: what, by which attribute.
struct share {
  double percent;
  action what;
  attribute by;
};

std::vector<share> shares_of(role who, mix as) {
  using enum action;
  constexpr attribute key = attribute::key, pur = attribute::purpose, usr = attribute::subject;
  const bool paper = as == mix::paper;
  switch (who) {
    case role::controller:
      if (paper) {
        return {{25, insert, key},
                {25.0 / 3, erase, pur},
                {25.0 / 3, erase_expired, attribute::time_to_live},
                {25.0 / 3, erase, usr},
                {50.0 / 3, update_metadata, pur},
                {50.0 / 3, update_metadata, usr},
                {50.0 / 3, update_metadata, attribute::shared_with}};
      }
      return {{25, insert, key}, {25, erase, key}, {25, update_metadata, pur}, {25, update_metadata, usr}};
    case role::customer:
      if (paper) {
        return {{20, read_data, usr},
                {20, read_metadata, key},
                {20, update_data, key},
                {20, update_metadata, key},
                {20, erase, key}};
      }
      return {{20, read_data, key},       {10, read_metadata, pur},   {10, read_metadata, usr}, {20, replace, key},
              {10, update_metadata, pur}, {10, update_metadata, usr}, {20, erase, key}};
    case role::processor:
      if (paper) {
        return {{80, read_data, key},
                {20.0 / 3, read_data, pur},
                {20.0 / 3, read_data, attribute::objection},
                {20.0 / 3, read_data, attribute::decision}};
      }
      return {{20, read_data, key}, {40, read_metadata, pur}, {40, read_metadata, usr}};
    case role::regulator: return {{46, read_metadata, usr}, {31, read_log, key}, {23, verify_erased, key}};
  }
  return {};
}

bool is_zipfian(role who, mix as) {
  return who == role::customer || who == role::regulator || (who == role::processor && as == mix::paper);
}

double unit(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

const share& choose(const std::vector<share>& among, std::mt19937_64& random) {
  double left = unit(random) * 100;
  for (const share& one : among) {
    if (left < one.percent) {
      return one;
    }
    left -= one.percent;
  }
  return among.back();
}

workload_operation sweep(std::int64_t at) {
  workload_operation made;
  made.what = action::erase_expired;
  made.at = at;
  return made;
}

}  // namespace

std::string_view name_of(role of) noexcept {
  constexpr std::array<std::string_view, 4> names = {"controller", "customer", "processor", "regulator"};
  return names[static_cast<std::size_t>(of)];
}

std::string_view name_of(mix of) noexcept {
  return of == mix::shipped ? "shipped" : "paper";
}

mix available_mix(role of, mix wanted) noexcept {
  return of == role::regulator ? mix::paper : wanted;
}

std::string record_source::key(std::uint64_t number) {
  return fmt::format("key{}", number);
}

std::uint64_t record_source::values_of(attribute of) const {
  switch (of) {
    case attribute::purpose: return of_.purposes;
    case attribute::subject: return of_.people;
    case attribute::objection: return 100;
    case attribute::decision: return 2;
    default: return 10;
  }
}

std::string record_source::value(attribute of, std::uint64_t number) const {
  constexpr std::array<std::string_view, attributes> prefixes = {"key", "purpose", "",    "user", "obj",
                                                                 "dec", "acl",     "shr", "src",  "cat"};
  const std::uint64_t i = number % values_of(of);
  return of == attribute::time_to_live ? fmt::format("{}", times_to_live[i])
                                       : fmt::format("{}{}", prefixes[static_cast<std::size_t>(of)], i);
}

std::string record_source::data(const numbered_record& of) const {
  std::string text;
  std::uint64_t state = of.key * 0x9e3779b97f4a7c15 + of.version;
  while (text.size() < of_.data_bytes) {
    state = state * 6364136223846793005 + 1442695040888963407;
    text += fmt::format("{:x}", state ^ (state >> 29));
  }
  text.resize(of_.data_bytes);
  return text;
}

personal_record record_source::record(const numbered_record& of) const {
  personal_record made{key(of.key), value(attribute::subject, of.key), {}, data(of)};
  made.about.time_to_live_s = time_to_live_of(value(attribute::time_to_live, of.key));
  for (const attribute each : text_attributes) {
    made.about.of(each) = {value(each, of.key)};
  }
  return made;
}

std::uint64_t scrambled_zipfian::operator()(std::mt19937_64& random) const {
  constexpr double theta = 0.99, items = 1e10, zeta_of_items = 26.46902820178302;
  static const double zeta_of_2 = 1 + std::pow(0.5, theta);
  static const double eta = (1 - std::pow(2 / items, 1 - theta)) / (1 - zeta_of_2 / zeta_of_items);
  const double u = unit(random);
  std::uint64_t rank = 0;
  if (u * zeta_of_items >= zeta_of_2) {
    rank = static_cast<std::uint64_t>(items * std::pow(eta * u - eta + 1, 1 / (1 - theta)));
  } else if (u * zeta_of_items >= 1) {
    rank = 1;
  }
  std::uint64_t hash = 0xcbf29ce484222325;
  for (int byte = 0; byte < 8; ++byte, rank >>= 8) {
    hash = (hash ^ (rank & 0xff)) * 0x100000001b3;
  }
  return (hash & (UINT64_MAX >> 1)) % n_;
}

std::vector<workload_operation> operations_of(const workload_parameters& of) {
  const record_source source(of);
  const std::vector<share> shares = shares_of(of.who, available_mix(of.who, of.as));
  std::mt19937_64 random(of.seed);
  const scrambled_zipfian zipfian(of.records);
  // GDPRbench updates one of fields 1 to 8, all but the purpose.
  constexpr std::array changed = {attribute::time_to_live, attribute::subject, attribute::objection,
                                  attribute::decision,     attribute::access,  attribute::shared_with,
                                  attribute::source,       attribute::category};
  std::vector<workload_operation> made;
  made.reserve(of.operations + sweeps);
  std::uint64_t next_key = of.records;
  for (std::uint64_t i = 0; i < of.operations; ++i) {
    const std::int64_t at =
        load_time + 1 + static_cast<std::int64_t>(static_cast<std::uint64_t>(run_length_ms) * i / of.operations);
    const share& chosen = choose(shares, random);
    workload_operation one;
    one.what = chosen.what;
    one.at = at;
    one.number = is_zipfian(of.who, available_mix(of.who, of.as)) ? zipfian(random) : random() % of.records;
    const std::uint64_t which = random();
    if (one.what == action::insert) {
      one.number = next_key++;
    } else if (one.what == action::read_log) {
      one.log_entries = 1 + which % max_log_entries;
    } else if (one.what == action::update_metadata) {
      const attribute what = changed[which % changed.size()];
      one.change = {what, source.value(what, one.number)};
    }
    one.record = {one.number, one.what == action::insert ? 0 : i + 1};
    if (one.what != action::read_log && one.what != action::erase_expired) {
      one.where = {chosen.by,
                   chosen.by == attribute::key ? record_source::key(one.number) : source.value(chosen.by, one.number)};
    }
    made.push_back(std::move(one));
    if ((i + 1) * sweeps / of.operations != i * sweeps / of.operations) {
      made.push_back(sweep(at));
    }
  }
  return made;
}

}  // namespace eunomia::gdprbench
