#include "topkit/topkit.h"

#define TK_TEXT_(x) #x
#define TK_TEXT(x) TK_TEXT_(x)

const char* tk_version(void) {
  return TK_TEXT(TK_VERSION_MAJOR) "." TK_TEXT(TK_VERSION_MINOR) "." TK_TEXT(TK_VERSION_PATCH);
}
