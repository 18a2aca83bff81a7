"""Byte pair encoding of 32768 tokens, of which most are phrases.

A token is a byte or two older tokens side by side, so the list of those pairs is the whole vocabulary (Gage 1994; Sennrich,
Haddow, Birch 2016). Merges happen in the order of the list. First within words, while a pair occurs often enough; then
across them (SuperBPE: Liu et al. 2025): a few novels do not have 32768 words that are worth a token, but as many phrases.
"""

import heapq
import random
import re

BYTES = 256
TOKENS = 32768
RAREST_WORD = 4  # a pair within a word that occurs less often stays two tokens
WORD = re.compile(r" ?[A-Za-z]+|\n+| ?[^A-Za-z\s]+")
PHRASE = re.compile(r"(?! ?[a-z]+[a-z]$)(?:[^.!?;:\"\n]|(?<=Mr)\.|(?<=Mrs)\.|^ ?\")+[.!?;:\"]*")
MOST_WORDS = 4


def within_words(left: str, right: str) -> bool:
    return WORD.fullmatch(left + right) is not None


def across_words(left: str, right: str) -> bool:
    """Whole words only, and no end of a sentence inside."""
    if left[0].islower() or (left[-1].isalpha() and right[0].isalpha()):
        return False
    phrase = left + right
    return phrase.count(" ", 1) < MOST_WORDS and PHRASE.fullmatch(phrase) is not None


class Segments:
    """A text as a list of tokens in which pairs merge; where each pair stands is kept up to date."""

    def __init__(self, text: str):
        self.tokens = list(text.encode("ascii"))
        self.texts = [chr(byte) for byte in range(BYTES)]
        self.allowed, self.permitted = within_words, {}
        self.find_pairs()

    def find_pairs(self) -> None:
        """Squeezes out what was merged away, and looks up every pair that may merge."""
        self.tokens = [token for token in self.tokens if token >= 0]
        size = len(self.tokens)
        self.next, self.before = list(range(1, size + 1)), list(range(-1, size - 1))
        self.places: dict[tuple[int, int], set[int]] = {}
        for place in range(size - 1):
            self.add((self.tokens[place], self.tokens[place + 1]), place)

    def add(self, pair: tuple[int, int], place: int) -> None:
        if pair not in self.permitted:
            self.permitted[pair] = self.allowed(self.texts[pair[0]], self.texts[pair[1]])
        if self.permitted[pair]:
            self.places.setdefault(pair, set()).add(place)

    def drop(self, pair: tuple[int, int], place: int) -> None:
        if pair in self.places:
            self.places[pair].discard(place)

    def merge(self, pair: tuple[int, int], skip=lambda: False) -> set[tuple[int, int]]:
        """Gives the pair a token of its own, where skip() does not say otherwise; returns pairs that there are more of."""
        token = len(self.texts)
        self.texts.append(self.texts[pair[0]] + self.texts[pair[1]])
        grown, tokens, end = set(), self.tokens, len(self.tokens)
        for place in sorted(self.places.pop(pair, ())):
            after = self.next[place]
            if tokens[place] != pair[0] or tokens[after] != pair[1] or skip():
                continue  # the one before took it: x x x
            left, right = self.before[place], self.next[after]
            tokens[place], tokens[after], self.next[place] = token, -1, right
            if left >= 0:
                self.drop((tokens[left], pair[0]), left)
                self.add((tokens[left], token), left)
                grown.add((tokens[left], token))
            if right < end:
                self.before[right] = place
                self.drop((pair[1], tokens[right]), after)
                self.add((token, tokens[right]), place)
                grown.add((token, tokens[right]))
        return grown


def learn(text: str) -> list[tuple[int, int]]:
    """The pairs in the order in which they become tokens: the most frequent first, of equals the older."""
    segments, merges = Segments(text), []
    for allowed, rarest in ((within_words, RAREST_WORD), (across_words, 2)):
        segments.allowed, segments.permitted = allowed, {}
        segments.find_pairs()
        heap = [(-len(places), pair) for pair, places in segments.places.items()]
        heapq.heapify(heap)
        while heap and BYTES + len(merges) < TOKENS:
            count, pair = heapq.heappop(heap)
            current = len(segments.places.get(pair, ()))
            if current < rarest:
                continue
            if current != -count:
                heapq.heappush(heap, (-current, pair))
                continue
            merges.append(pair)
            for grown in segments.merge(pair):
                if grown in segments.places:
                    heapq.heappush(heap, (-len(segments.places[grown]), grown))
        print(f"{BYTES + len(merges)} tokens, the last of them occurs {current} times", flush=True)
    if BYTES + len(merges) != TOKENS:
        raise ValueError(f"the text has pairs for {BYTES + len(merges)} tokens only, {TOKENS} are wanted")
    return merges


def texts_of(merges: list[tuple[int, int]]) -> list[str]:
    texts = [chr(byte) for byte in range(BYTES)]
    for left, right in merges:
        texts.append(texts[left] + texts[right])
    return texts


def segment(text: str, merges: list[tuple[int, int]], dropout: float = 0, seed: int = 0) -> list[int]:
    """The tokens of a text. With dropout, phrases stay apart at random (Provilkov, Emelianenko, Voita 2020), so that a model
    which reads a text many times does not read the same tokens each time."""
    dice, segments, texts = random.Random(seed), Segments(text), texts_of(merges)
    segments.allowed = lambda left, right: True
    segments.permitted = {}
    segments.find_pairs()
    for pair in merges:
        phrase = not within_words(texts[pair[0]], texts[pair[1]])
        segments.merge(pair, (lambda: dice.random() < dropout) if phrase and dropout > 0 else (lambda: False))
    return [token for token in segments.tokens if token >= 0]
