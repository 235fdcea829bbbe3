#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "wire/http/route.h"
#include "wire/http/target.h"

// A tree of segments for each protocol. At every node the literal child goes before the parameter; a branch that ends
// without the method is left for the next one, so GET /x/{id} answers GET /x/new beside POST /x/new. The tree is as
// deep as the longest route, so the search is bounded by what was declared, not by what was sent.

namespace eunomia::wire::http {

namespace {

constexpr std::size_t methods = 7;
constexpr std::size_t max_segments = 32;

struct path_segments {
  std::string_view path;
  std::array<std::string_view, max_segments> at;
  std::size_t count = 0;
  bool more = false;  // than max_segments

  // From a segment to the end of the path.
  std::string_view rest(std::size_t from) const { return path.substr(at[from].data() - path.data()); }
};

// "/a/b" is a, b; "/a/" is a and an empty one. False for what is no path.
bool split(std::string_view path, path_segments& into) {
  into.path = path;
  while (path.starts_with('/')) {
    if (into.count == max_segments) {
      into.more = true;
      return true;
    }
    path.remove_prefix(1);
    const auto slash = path.find('/');
    into.at[into.count++] = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash);
  }
  return path.empty();
}

[[noreturn]] void refuse(const route& r, const std::string& why) {
  throw core::error(core::errc::internal, "route " + std::string(name_of(r.verb)) + " " + r.path + ": " + why);
}

void check(const route& r) {
  using kind = body_policy::kind;
  if (r.body.into != kind::none && r.body.limit == 0) {
    refuse(r, "it takes a body without a limit; set body_policy::limit");
  }
  if (r.body.into == kind::lines ? !r.open_sink : !r.run) {
    refuse(r, r.body.into == kind::lines ? "it has no open_sink" : "it has no handler");
  }
}

}  // namespace

struct router::node {
  struct endpoint {
    const route* to = nullptr;
    std::vector<std::string> names;  // of its parameters, in the order of the path
  };
  std::map<std::string, std::unique_ptr<node>, std::less<>> literals;
  std::unique_ptr<node> parameter;
  std::unique_ptr<node> rest;  // of the path, whatever it is; it has no children
  std::array<endpoint, methods> by_method;

  bool leads_somewhere() const {
    return std::any_of(by_method.begin(), by_method.end(), [](const endpoint& e) { return e.to != nullptr; });
  }
};

struct router::table {
  const protocol* speaks = nullptr;
  std::unique_ptr<node> root;

  struct search {
    const path_segments& segments;
    std::optional<method> verb;
    bool leads_upwards;
    std::array<std::size_t, max_segments> values;  // which segments stand for parameters
    std::size_t value_count = 0;
    unsigned allowed = 0;
    const node::endpoint* found = nullptr;
    bool ended_with_rest = false;
  };
  static bool descend(const node& from, std::size_t depth, search& in);
  static bool ends(const node& at, search& in);
  void add(const route& r);
};

void router::table::add(const route& r) {
  check(r);
  path_segments segments;
  if (!split(r.path, segments) || segments.more) {
    refuse(r, "a path begins with / and has at most " + std::to_string(max_segments) + " segments");
  }
  node* at = root.get();
  std::vector<std::string> names;
  for (std::size_t i = 0; i < segments.count; ++i) {
    const std::string_view segment = segments.at[i];
    const bool named = segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
    const bool takes_rest = named && segment[segment.size() - 2] == '*';
    if (takes_rest && i + 1 < segments.count) {
      refuse(r, "only the end of a path may stand for the rest");
    }
    if (named) {
      names.emplace_back(segment.substr(1, segment.size() - (takes_rest ? 3 : 2)));
    }
    std::unique_ptr<node>& next = takes_rest ? at->rest : named ? at->parameter : at->literals[std::string(segment)];
    if (!next) {
      next = std::make_unique<node>();
    }
    at = next.get();
  }
  node::endpoint& end = at->by_method[static_cast<std::size_t>(r.verb)];
  if (end.to != nullptr) {
    refuse(r, "the route " + end.to->path + " matches the same path and method");
  }
  end = {&r, std::move(names)};
}

bool router::table::ends(const node& at, search& in) {
  for (std::size_t m = 0; m < methods; ++m) {
    in.allowed |= at.by_method[m].to != nullptr ? 1U << m : 0U;
  }
  if (!in.verb) {
    return false;
  }
  const node::endpoint* end = &at.by_method[static_cast<std::size_t>(*in.verb)];
  if (end->to == nullptr && *in.verb == method::head) {
    end = &at.by_method[static_cast<std::size_t>(method::get)];
  }
  in.found = end->to != nullptr ? end : nullptr;
  return in.found != nullptr;
}

bool router::table::descend(const node& from, std::size_t depth, search& in) {
  if (depth == in.segments.count) {
    return !in.segments.more && !in.leads_upwards && ends(from, in);
  }
  const std::string_view segment = in.segments.at[depth];
  auto literal = from.literals.end();
  if (segment.find('%') == std::string_view::npos) {
    literal = from.literals.find(segment);
  } else if (const auto decoded = percent_decoded(segment, false)) {
    literal = from.literals.find(*decoded);
  }
  if (literal != from.literals.end() && descend(*literal->second, depth + 1, in)) {
    return true;
  }
  if (from.parameter && !segment.empty()) {
    in.values[in.value_count++] = depth;
    if (descend(*from.parameter, depth + 1, in)) {
      return true;
    }
    --in.value_count;
  }
  if (from.rest && !in.segments.rest(depth).empty()) {
    in.values[in.value_count++] = depth;
    if (ends(*from.rest, in)) {
      in.ended_with_rest = true;
      return true;
    }
    --in.value_count;
  }
  return false;
}

router::router(std::span<const protocol* const> protocols) {
  for (const protocol* speaks : protocols) {
    table& mine = tables_.emplace_back();
    mine.speaks = speaks;
    mine.root = std::make_unique<node>();
    for (const route& r : speaks->routes()) {
      mine.add(r);
    }
  }
}

router::~router() = default;

router::match router::find(request& head, bool known_method) const {
  match result;
  head.path_parameters.clear();
  const auto mine = std::find_if(tables_.begin(), tables_.end(), [&](const auto& t) { return t.speaks->claims(head); });
  if (mine == tables_.end()) {
    return result;
  }
  result.speaks = mine->speaks;
  path_segments segments;
  if (!split(raw_path_of(head.target), segments)) {
    return result;
  }
  table::search in{.segments = segments,
                   .verb = known_method ? std::optional(head.verb) : std::nullopt,
                   .leads_upwards = head.leads_upwards,
                   .values = {}};
  if (table::descend(*mine->root, 0, in)) {
    result.found = in.found->to;
    for (std::size_t i = 0; i < in.value_count; ++i) {
      const bool is_rest = in.ended_with_rest && i + 1 == in.value_count;
      const std::string_view value = is_rest ? segments.rest(in.values[i]) : segments.at[in.values[i]];
      // Decodes: the whole path did when it was read.
      head.path_parameters.push_back({in.found->names[i], *percent_decoded(value, false)});
    }
    return result;
  }
  if ((in.allowed & 1U << static_cast<unsigned>(method::get)) != 0) {
    in.allowed |= 1U << static_cast<unsigned>(method::head);
  }
  for (std::size_t m = 0; m < methods; ++m) {
    if ((in.allowed >> m & 1U) != 0) {
      result.allowed.push_back(static_cast<method>(m));
    }
  }
  return result;
}

failure failure_of(const core::error& problem) {
  using core::errc;
  unsigned status = 500;
  switch (problem.code()) {
    case errc::invalid_argument: status = 400; break;
    case errc::not_found: status = 404; break;
    case errc::already_exists:
    case errc::failed_precondition:
    case errc::cancelled: status = 409; break;
    case errc::permission_denied: status = 403; break;
    case errc::resource_exhausted: status = 507; break;
    case errc::unavailable: status = 503; break;
    case errc::corrupt:
    case errc::internal: status = 500; break;
  }
  return {status, std::string(core::name_of(problem.code())), problem.what()};
}

}  // namespace eunomia::wire::http
