-- What a visitor entered about a person who was known already (JSON): it holds once that person has confirmed.
ALTER TABLE confirmation ADD COLUMN wishes TEXT COLLATE "C" NOT NULL DEFAULT '';
