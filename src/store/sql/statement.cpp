#include "store/sql/statement.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"

namespace eunomia::store::sql {

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};

void check_text(std::string_view name, std::string_view text) {
  if (text.find('\0') != std::string_view::npos || !core::is_utf8(text)) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("the text for :{} ({} bytes) is not UTF-8 without U+0000", name, text.size()));
  }
}

}  // namespace

statement::statement(soci::session& on, engine speaks, std::string_view sql)
    : speaks_(speaks), text_(translate(sql, speaks)), slots_(text_.parameters.size()), statement_(on) {
  statement_.alloc();
  statement_.prepare(text_.sql);
}

void statement::bind(connection::arguments args) {
  for (const argument& arg : args) {
    const auto at = std::ranges::find(text_.parameters, arg.name);
    if (at == text_.parameters.end()) {
      throw core::error(core::errc::internal, fmt::format("a statement has no parameter :{}", arg.name));
    }
    bind(static_cast<std::size_t>(at - text_.parameters.begin()), arg.value);
  }
  if (args.size() != text_.parameters.size()) {
    throw core::error(core::errc::internal, fmt::format("a statement has {} parameters, {} were given",
                                                        text_.parameters.size(), args.size()));
  }
}

void statement::bind(std::size_t parameter, const argument::any& value) {
  slot& s = slots_[parameter];
  const auto as = [&](kind wanted) {
    s.indicator = soci::i_ok;
    exchanged_ = exchanged_ && s.bound == wanted;
    s.bound = wanted;
  };
  std::visit(overloaded{[&](std::monostate) {
                          s.indicator = soci::i_null;
                          if (s.bound == kind::none) {
                            s.bound = kind::text;
                          }
                        },
                        [&](std::int64_t v) {
                          as(kind::integer);
                          s.integer = v;
                        },
                        [&](double v) {
                          as(kind::real);
                          s.real = v;
                        },
                        [&](std::string_view v) {
                          check_text(text_.parameters[parameter], v);
                          as(kind::text);
                          s.text = v;
                        },
                        [&](int64_list v) {
                          as(kind::text);
                          s.text = list_literal(v, speaks_);
                        },
                        [&](text_list v) {
                          for (const std::string_view text : v) {
                            check_text(text_.parameters[parameter], text);
                          }
                          as(kind::text);
                          s.text = list_literal(v, speaks_);
                        }},
             value);
}

bool statement::execute() {
  if (!exchanged_) {
    exchange();
  }
  // SOCI frees what it allocated for the parameters after an execution, but not after one that failed: binding anew
  // does.
  exchanged_ = false;
  const bool row = statement_.execute(true);
  exchanged_ = true;
  return row;
}

// Hands SOCI the storage, again when a parameter changed its type.
void statement::exchange() {
  statement_.bind_clean_up();
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    slot& s = slots_[i];
    const std::string& name = text_.parameters[i];
    switch (s.bound) {
      case kind::integer: statement_.exchange(soci::use(s.integer, s.indicator, name)); break;
      case kind::real: statement_.exchange(soci::use(s.real, s.indicator, name)); break;
      case kind::text: statement_.exchange(soci::use(s.text, s.indicator, name)); break;
      case kind::none: throw core::error(core::errc::internal, fmt::format("parameter :{} was not bound", name));
    }
  }
  statement_.define_and_bind();
  exchanged_ = true;
}

statement& statement_cache::get(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    if (statements_.size() >= limit) {
      std::erase_if(statements_, [](const auto& entry) { return !entry.second->in_use; });
    }
    found = statements_.emplace(std::string(sql), std::make_unique<statement>(session_, speaks_, sql)).first;
  }
  if (found->second->in_use) {
    throw core::error(core::errc::internal, "a statement was run again while its rows are being read");
  }
  return *found->second;
}

void statement_cache::clear() {
  std::erase_if(statements_, [](const auto& entry) { return !entry.second->in_use; });
}

}  // namespace eunomia::store::sql
