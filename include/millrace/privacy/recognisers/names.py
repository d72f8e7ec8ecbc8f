"""`FIRST_NAMES`, `ALSO_WORDS`, `NO_NAMES`: short lists, for names that no form tells."""

from __future__ import annotations

_FIRST = """
Aaron Adam Ahmed Aisha Alan Albert Alejandro Alessandro Alexander Alexandra Alice Ali Amanda
Amy Ana Andrea Andreas Andrew Angela Anita Ann Anna Anne Annette Anthony Antonio Arthur Barbara
Beatrice Benjamin Bernd Betty Birgit Brian Bruno Carla Carlos Carmen Carol Caroline Catherine
Charles Charlotte Chloe Christian Christina Christine Christopher Claire Claudia Claus Clara
Daniel Daniela David Deborah Dennis Diana Diego Dieter Dominik Donald Donna Dorothy Edward
Elena Elias Elisabeth Elizabeth Ella Emily Emma Eric Erika Eva Fatima Felix Fernando Florian
Frances Francesca Francesco Franz Frank Frederick Fritz Gary George Gerhard Giovanni Giulia
Giuseppe Gregory Hannah Hans Harold Harry Hassan Heinrich Heinz Helen Helga Helmut Henri Henry
Herbert Hildegard Hugo Ibrahim Ingrid Isabel Isabella Jack Jacob Jacques James Jan Jane Janet
Jason Javier Jean Jennifer Jessica Joan Johann Johannes John Jonas Jonathan Jorge Jose Joseph
Joshua Juan Juergen Julia Julian Julie Jürgen Karen Karin Karl Katharina Katherine Kathleen
Kenneth Kevin Klaus Kurt Larry Laura Lea Lena Leon Leonie Linda Lisa Louise Luca Lucas Lucia
Luis Lukas Manfred Manuel Marco Margaret Maria Marie Mario Mark Markus Marta Martha Martin Mary
Matteo Matthew Matthias Max Maximilian Mia Michael Michaela Michel Michelle Miguel Mohamed
Mohammed Monika Nadia Nancy Natalie Nicholas Nicolas Nicole Nina Noah Olivia Otto Pablo Pamela
Patricia Patrick Paul Paula Pedro Peter Petra Philip Philippe Pierre Rachel Ralf Raymond
Rebecca Renate Ricardo Richard Robert Roberto Roger Ronald Rosa Ruth Ryan Sabine Samuel Sandra
Sarah Sebastian Sharon Simon Sofia Sophia Sophie Stefan Stefanie Stephanie Stephen Steven Susan
Susanne Sylvia Teresa Theresa Thomas Timothy Tobias Ulrich Ursula Uwe Valentina Vincent Walter
Werner William Wolfgang Yasmin Yusuf
"""
FIRST_NAMES = frozenset(_FIRST.split())
"""Common in English, German, French, Spanish, Italian or Arabic, and hardly ever another word."""

ALSO_WORDS = frozenset(("Jan", "Mark", "Max", "Frank", "Rosa", "Carol", "Jean", "Otto", "Marco"))
"""Of those, the ones that are no name where they stand alone."""

_NO = """
A About All An And Any Are As At Be But By Call Can Congratulations Customer Customers Day
Do Everybody Everyone Folks For Free Friend Friends From Get Good Guys Have Hello Here Hope How
I If In Is It Just Ladies Madam Me Member Monday More My New No Not Now Of Oh Ok Okay On Or Our
Out Please Regards Reply Sent Sir So Sunday Sure Team That The Then There These They This Those
To Today Tomorrow U Up Was We Were What When Where Which Who Why Will Winner Wish With Yeah Yes
You Your Damen Herren Und Der Die Das Ich Wir Sie Es Ist Ein Eine Kollegen Kolleginnen Alle
Patient Patientin Kunde Kundin Tous Toutes Madame Monsieur Medical Hospital Department Number
Name Date Phone Email Address Subject Message Unknown None Dr Prof
Its Can Could Would Did Does Had Has Im Ive Ill Dear Darling Darlin Babe Baby Honey Love Princess
Mum Mom Dad Mate Guy Girl Girls Boys Man Dude Offer Say Go Come Let Lets Please Still Just Also
Mon Tue Wed Thu Fri Sat Tuesday Wednesday Thursday Friday Saturday January February March April
June July August September October November December GMT List Mr Mrs Ms Miss Herr Herrn Frau
Mobile Question Welcome Subscriber Voucher Am
"""
NO_NAMES = frozenset(_NO.split())
"""Words that begin with a capital where a name could stand."""
